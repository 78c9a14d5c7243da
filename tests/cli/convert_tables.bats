#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O dm and -O vmdk: lists of where the bytes are show, to whoever
# reads them, what the snapshot shows. Refusals and failures are in
# convert_refuse.bats and convert_output.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# --- device-mapper -------------------------------------------------------------

dm_is_the_view() {
	makes dm table
	dm_shows table | cmp - view
	psnap_convert -q -O dm store origin - | cmp - table
	rm table
}

@test "a table of device-mapper shows what the snapshot shows" {
	random_pairs dm_is_the_view
	empty_store store
	remember
	dm_is_the_view
}

@test "a table is, line for line, what the chunks say" {
	pair
	makes dm table --store-device=/dev/cow --origin-device=/dev/mapper/o
	diff -u - table <<-'END'
		0 24 linear /dev/mapper/o 0
		24 88 linear /dev/cow 16
		112 80 linear /dev/mapper/o 112
		192 35 linear /dev/cow 160
	END
	# Neighbours that are none in the other one begin a line of their own.
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 20 2' 'exc 2 30' \
		'exc 4 31 2' | store store
	makes dm table2 --origin-device=o --store-device=s
	diff -u - table2 <<-'END'
		0 16 linear s 160
		16 8 linear s 240
		24 8 linear o 24
		32 16 linear s 248
		48 179 linear o 48
	END
}

@test "a table of files says that the kernel wants devices" {
	pair
	expect 0 psnap_convert -O dm store origin new
	[[ $stderr == *losetup* ]]
	rm new
	expect 0 psnap_convert -O dm --store-device=/dev/cow store origin new
	[[ $stderr == *losetup* ]]
	rm new
	expect 0 psnap_convert -O dm --store-device=/dev/cow \
		--origin-device=/dev/o store origin new
	[[ $stderr != *losetup* ]]
}

# --- VMDK ----------------------------------------------------------------------

vmdk_is_the_view() {
	makes vmdk new.vmdk
	vmdk_shows view new.vmdk
	psnap_convert -q -O vmdk store origin - >new2.vmdk
	cmp new.vmdk new2.vmdk
	rm new.vmdk
}

@test "QEMU sees in a VMDK what the snapshot shows" {
	need_qemu
	random_pairs vmdk_is_the_view
	empty_store store
	remember
	vmdk_is_the_view
}

@test "a VMDK does not depend on where it is, and names may have blanks" {
	need_qemu
	pair
	remember
	mkdir 'my disks' elsewhere
	mv store "my disks/the store's (1).cow"
	mv origin 'my disks/Ursprung ä.img'
	psnap_convert -q -O vmdk "my disks/the store's (1).cow" \
		'my disks/Ursprung ä.img' elsewhere/vmdk
	cd elsewhere
	vmdk_shows ../view vmdk
}

@test "a VMDK is, line for line, what the chunks say" {
	pair
	makes vmdk vmdk
	# A blank line or another one before the extents would be one to QEMU.
	grep -v '^#' vmdk | head -n 8 | diff -u - <(
		cat <<-END
			version=1
			CID=fffffffe
			parentCID=ffffffff
			createType="twoGbMaxExtentFlat"
			RW 24 FLAT "$PWD/origin" 0
			RW 88 FLAT "$PWD/store" 16
			RW 80 FLAT "$PWD/origin" 112
			RW 35 FLAT "$PWD/store" 160
		END
	)
	[[ $(head -n 1 vmdk) == '# Disk DescriptorFile' ]]
	grep '^#' vmdk | grep -q 'for reading only'
	grep -qx 'ddb.virtualHWVersion = "4"' vmdk
	grep -qx 'ddb.adapterType = "ide"' vmdk
	[[ $(wc -l <vmdk) == "$(grep -cE '^(#|RW|ddb|[a-zA-Z]+=)' vmdk)" ]]
	grep -cE '^ddb.geometry.[a-z]+ = "[0-9]+"$' vmdk | grep -qx 3
}

@test "a VMDK of very many extents comes with a warning" {
	local limit='extents: QEMU opens a file for each of them, so it needs'
	for count in 499 500; do
		{
			echo 'chunk 512'
			seq -f 'alloc %g' 1 2 $((2 * count))
		} | store store
		truncate --size=$((count * 1024 + 512)) origin
		expect 0 psnap_convert -O vmdk store origin vmdk
		n=$(grep -c ^RW vmdk)
		echo "$n extents"
		((n == 2 * count + 1))
		if ((n > 1000)); then
			[[ $stderr == *" $n $limit"*" of more than $((n + 50))"* ]]
			rm vmdk
			makes vmdk vmdk
		else
			[[ $stderr != *"$limit"* ]]
		fi
		rm vmdk
	done
}
