#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert: each format shows what the snapshot shows, to whoever reads
# it, and the store and the origin are only read. What kernels made is in
# tests/corpus; refusals and failures are in convert_refuse.bats, devices in
# convert_devices.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# --- raw --------------------------------------------------------------------

raw_is_the_view() {
	makes raw new
	cmp new view
	rm new
	psnap_convert -q -O raw store origin - >piped
	cmp piped view
	# To a pipe, not only to a file that standard output is.
	[[ $(psnap_convert -q -O raw store origin - | sum_of /dev/stdin) == \
		"$(sum_of view)" ]]
}

@test "a disk image has every byte that the snapshot shows" {
	random_pairs raw_is_the_view
}

@test "origins of odd size, and stores without exceptions" {
	local size
	for size in 1 511 512 513 4095 4096; do
		pair
		truncate --size=$((28 * 4096 + size)) origin
		remember
		raw_is_the_view
	done
	empty_store store
	remember
	cmp view origin
	raw_is_the_view
	: >origin
	makes raw new
	[[ -e new && ! -s new ]]
	psnap_convert -q -O raw store origin - >piped
	[[ ! -s piped ]]
}

@test "--accept-invalid converts what an overflowed snapshot still shows" {
	corpus overflow .
	mv overflow.cow store
	mv overflow.origin origin
	remember
	refuses_to 4 --accept-invalid -O raw store origin new
	[[ $stderr == *'error snapshot-invalid: '* ]]
	expect 0 psnap_convert --accept-invalid -O raw store origin new
	cmp new view
	rm new
	psnap_convert -q --accept-invalid -O dm store origin - >table
	dm_shows table | cmp - view
}

@test "a hole of the origin is one in the image, and zeros become one" {
	zeros_pair
	makes raw new
	cmp new view
	# 29 chunks of 8 sectors, 4 of them zero.
	echo "$(blocks new) blocks"
	(($(blocks new) <= 29 * 8 - 32 + 64))
}

@test "zeros and holes of the store hide what the origin has there" {
	hiding_pair
	cmp -n $((6 * 4096)) -i $((3 * 4096)):0 view /dev/zero
	raw_is_the_view
	makes dm table
	dm_shows table | cmp - view
}

@test "holes of the inputs are not read" {
	need_strace
	local bytes
	sparse_pair
	bytes_read_to -O raw store origin new
	# 160 KB of table, not 41 MB of chunks and 16 GiB of origin.
	((bytes > 116224 && bytes < 8 << 20))
	cmp -n 116224 new origin
	[[ $(stat --format=%s new) == $((16 << 30)) ]]
	(($(blocks new) < 1000))
	# And to a pipe they become zeros, nothing less.
	psnap_convert -q -O raw store origin - | head -c 60000000 >piped
	cmp -n 60000000 piped new
}

# --- device-mapper tables ---------------------------------------------------

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

# --- VMDK -------------------------------------------------------------------

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

# --- what it says -----------------------------------------------------------

@test "the report has the sizes, the format and the segments" {
	pair
	expect 0 psnap_convert -O raw store origin new
	diff -u - <(echo "$output") <<-'END'
		store       store, 1048576 bytes
		origin      origin, 116224 bytes
		file system none known
		format      raw
		output      new, 116224 bytes
		segments    2 of the origin, 2 of the store
	END
	[[ $stderr == *': file system: none known' && $stderr != *$'\n'* ]]
	for format in vmdk dm; do
		expect 0 psnap_convert -O $format store origin $format
		diff -u - <(echo "$output") <<-END
			store       store, 1048576 bytes
			origin      origin, 116224 bytes
			file system none known
			format      $format
			output      $format, $(stat --format=%s $format) bytes
			segments    2 of the origin, 2 of the store
		END
	done
	# To standard output there is nothing but the result.
	expect 0 psnap_convert -O dm store origin -
	[[ $output == "$(<dm)" && $stderr == *'none known'* ]]
	[[ $stderr != *'format '* && $stderr != *'segments '* ]]
	# Nothing can be said where nothing is open.
	psnap_convert -q -O raw store origin new2 >&-
	cmp new2 new
}

@test "the JSON documents follow their schema, and their numbers are right" {
	pair
	for format in raw vmdk dm; do
		psnap_convert --output=json -O $format store origin $format \
			>$format.json
		fits convert $format.json
		jq -e --arg format $format --argjson size \
			"$(stat --format=%s $format)" '.psnap == "convert"
			and .schema_version == 1 and .format == $format
			and .store == {name: "store", size_bytes: 1048576}
			and .origin == {name: "origin", size_bytes: 116224}
			and .file_system == null and .exceptions == 16
			and .output == {name: $format, size_bytes: $size}
			and .segments == {origin: 2, store: 2}
			and .verdict.state == "active"
			and .exit_status == 0' $format.json
	done
	corpus overflow .
	expect 4 psnap_convert --output=json -q -O raw overflow.cow \
		overflow.origin new
	[[ -z $output ]]
	expect 4 psnap_convert --output=json -O raw overflow.cow \
		overflow.origin new
	echo "$output" >refused
	fits convert refused
	jq -e '.output == null and .exit_status == 4 and .format == "raw"
		and .verdict.state == "invalid"' refused
	nothing_remains
}

# file_system LABEL: the snapshot shows one, the origin another that is newer.
file_system_pair() {
	uuid=$(</proc/sys/kernel/random/uuid)
	rm -f old origin
	truncate --size=4M old
	mkfs.ext4 -q -F -U "$uuid" -L "$1" old
	cp old origin
	e2label origin newer
	tune2fs -U clear origin >/dev/null
	printf '%s\n' 'chunk 4K' 'exc 0 2' 'exc 9 3' | store store
	dd if=old of=store bs=4096 count=1 seek=2 conv=notrunc status=none
	dd if=old of=store bs=4096 count=1 skip=9 seek=3 conv=notrunc status=none
}

@test "the file system is named that the snapshot shows, before copying" {
	local text
	file_system_pair 'my root'
	text="ext4, UUID $uuid, label \"my root\""
	expect 0 psnap_convert -O raw store origin new
	[[ $stderr == *": file system: $text" && $stderr != *$'\n'* ]]
	[[ $output == *$'\n'"file system $text"$'\n'* ]]
	expect 0 psnap_convert -O vmdk --output=json store origin vmdk
	echo "$output" >doc
	fits convert doc
	jq -e --arg uuid "$uuid" '.file_system ==
		{type: "ext4", uuid: $uuid, label: "my root"}' doc
	need_strace
	# It is said when nothing has been written yet.
	expect 0 strace -qq -y -o trace -e trace=pwrite64,write \
		"$PSNAP" convert -O raw store origin new2
	said=$(grep -nE -m 1 '^write\(2<.*file system' trace | cut -d : -f 1)
	wrote=$(grep -nE -m 1 '<.*/[.]psnap-' trace | cut -d : -f 1)
	echo "call $said says it, call $wrote writes"
	((said > 0 && said < wrote))
}

@test "a file system without a label, and one with an odd label" {
	file_system_pair ''
	expect 0 psnap_convert -O raw store origin new
	[[ $output == *$'\n'"file system ext4, UUID $uuid"$'\n'* ]]
	[[ $stderr == *"ext4, UUID $uuid" ]]
	rm new
	psnap_convert --output=json -O raw store origin new >doc
	fits convert doc
	jq -e '.file_system.label == null' doc
	rm new
	file_system_pair $'\e[31m"a\\b'
	expect 0 psnap_convert -O raw store origin new
	# Nothing that a terminal would obey.
	[[ "$output$stderr" != *$'\e'* && $output == *', label "'* ]]
	rm new
	psnap_convert --output=json -O raw store origin new >doc
	fits convert doc
	jq -e '.file_system.label == "\u001b[31m\"a\\b"' doc
}

@test "the sample's file system can be read from an image and through a VMDK" {
	local sample=$BATS_TEST_DIRNAME/../sample
	command -v debugfs >/dev/null || skip "no debugfs"
	for name in cow origin; do
		gzip -dc "$sample/$name.img.gz" >$name.img
	done
	expect 0 psnap_convert -O raw cow.img origin.img view.img
	[[ $stderr == *', label "sample"' ]]
	[[ "$(sum_of view.img)  view" == "$(<"$sample/sum")" ]]
	e2fsck -fn view.img
	need_qemu
	psnap_convert -q -O vmdk cow.img origin.img view.vmdk
	qemu-img convert -f vmdk -O raw view.vmdk again.img
	for image in view.img again.img; do
		[[ $(debugfs -R 'cat /notes.txt' $image) == \
			'The meeting is on Monday.' ]]
		debugfs -R 'ls -p /letters' $image | grep -q /draft.txt/13/
		debugfs -R 'cat /numbers.txt' $image | diff - <(seq 1 2000)
	done
	[[ $(debugfs -R 'cat /notes.txt' origin.img) == \
		'The meeting is cancelled.' ]]
	[[ $(debugfs -R 'ls -p /letters' origin.img) != *draft* ]]
}

@test "--list-formats has a line for each format, of inputs and of outputs" {
	silent 0 psnap_convert --list-formats
	[[ $(grep -cvE '^-[fO] [a-z0-9]+ +[a-zA-Z]' <<<"$output") == 0 ]]
	for word in '-f snapshot' '-f delta' '-f lvmsync' '-O raw' '-O vmdk' \
		'-O dm' '-O qcow2' '-O store' '-O delta' '-O lvmsync'; do
		[[ $(grep -c -e "^$word " <<<"$output") == 1 ]]
	done
	[[ $(wc -L <<<"$output") -le 80 ]]
}

@test "-f snapshot is what goes in if nothing is said" {
	pair
	remember
	for option in -fsnapshot '-f snapshot' --input-format=snapshot; do
		# shellcheck disable=SC2086 # two words
		makes raw new $option
		cmp new view
		rm new
	done
}

@test "-q prints nothing, and progress never mixes with the image" {
	pair
	remember
	makes raw quiet
	for when in auto bar json none; do
		psnap_convert --progress=$when -O raw store origin - >out 2>err
		cmp out view
		grep -q 'none known' err
	done
	psnap_convert --progress=json -O raw store origin new >out 2>err
	grep '^{' err | jq -e .progress
}

# --- files ------------------------------------------------------------------

@test "it needs no right to write to the store or the origin" {
	need_file_modes
	pair
	remember
	chmod 444 store origin
	mkdir out
	chmod 777 out
	for format in raw dm vmdk; do
		silent 0 unprivileged "$PSNAP" convert -q -O $format \
			store origin out/$format
	done
	cmp out/raw view
}

@test "the inputs are never opened for writing" {
	need_strace
	pair
	for format in raw dm vmdk; do
		silent 0 strace -f -qq -o trace -e trace=open,openat,openat2 \
			"$PSNAP" convert -q -O $format store origin $format
		grep -E '"[^"]*(store|origin)"' trace >opened
		grep -q O_RDONLY opened
		[[ $(grep -cE 'O_RDWR|O_WRONLY' opened) == 0 ]]
	done
}

@test "--force replaces a file, and keeps who may read it" {
	pair
	remember
	for format in raw dm vmdk; do
		echo text >old
		chmod 640 old
		ln -sf old link
		makes $format old --force
		makes $format $format
		cmp old $format
		[[ $(stat --format=%a old) == 640 ]]
		echo text >old
		makes $format link --force
		cmp link $format
		cmp old $format
	done
	# Nothing to be replaced is as well.
	makes raw new --force
	cmp new view
}
