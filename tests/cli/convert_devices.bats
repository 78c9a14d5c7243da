#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert on real loop devices and mounts: to a device, from devices, and
# to a file system that is full. Devices that are left alone are in
# convert_devices_refuse.bats. Needs root; skips what the machine lacks.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load loop
load convert_devices

# --- to a device ---------------------------------------------------------------

# The device has the view, and behind it what was there.
has_the_view() {
	local size
	size=$(stat --format=%s view)
	sync -d "$loop"
	cmp -n "$size" device view
	cmp -i "$size" device device.before
}

@test "a device gets the image, and keeps what is behind" {
	local size
	device 1M
	expect 0 psnap_convert -O raw store origin "$loop"
	[[ $output == *$'\n'"output      $loop, 116224 bytes"$'\n'* ]]
	has_the_view
	# Of any size, also one that ends in the middle of a sector.
	for size in 1 511 513 4095; do
		truncate --size=$((28 * 4096 + size)) origin
		remember
		cp device.before device
		blockdev --flushbufs "$loop"
		makes raw "$loop"
		has_the_view
	done
	# It is nobody's any more.
	mkfs.ext4 -q -F "$loop"
}

@test "a device with sectors of 4096 bytes, and one of just the right size" {
	device 1M --sector-size 4096
	makes raw "$loop"
	has_the_view
	head -c 116224 /dev/urandom >exact
	attach exact
	makes raw "$loop"
	sync -d "$loop"
	cmp exact view
}

@test "what was written is flushed before it is said to be done" {
	need_strace
	device 1M
	expect 0 strace -qq -y -o trace -e trace=pwrite64,fsync,fdatasync,write \
		"$PSNAP" convert -O raw store origin "$loop"
	has_the_view
	grep -oE "^(pwrite64|fsync|fdatasync)\([0-9]+<$loop|^write\(1" trace |
		tail -n 2 >ends
	grep -qE '^f(data)?sync' <(head -n 1 ends)
	grep -q '^write(1' <(tail -n 1 ends)
	# If that fails all of it has failed.
	expect 8 strace -qq -o trace -e trace=fsync,fdatasync \
		-e inject=fsync,fdatasync:error=EIO \
		"$PSNAP" convert -O raw store origin "$loop"
	[[ -z $output && $stderr == *"psnap-convert: $loop: "* ]]
}

@test "zeros are written to a device, but not to one that is zero" {
	truncate --size=8M origin
	dd if=/dev/zero of=store bs=4096 seek=2 count=4 conv=notrunc status=none
	remember
	device 9M
	makes raw "$loop"
	has_the_view
	truncate --size=9M zero
	cp zero device.before
	(($(blocks zero) < 100)) || skip "no holes here"
	attach zero
	makes raw "$loop" --target-is-zero
	sync -d "$loop"
	cmp -n $((8 << 20)) zero view
	echo "$(blocks zero) blocks"
	(($(blocks zero) < 400))
}

@test "a device that got only a part is said to have it" {
	need_strace
	# Several pieces of 1 MiB.
	head -c 4M /dev/urandom >origin
	remember
	device 5M
	first_call pwrite64 "$loop" -O raw store origin "$loop"
	expect 32 cut_at INT pwrite64:when=$((nth + 1)) \
		"$PSNAP" convert -q -O raw store origin "$loop"
	[[ -z $output ]]
	[[ $stderr == *"interrupted; a part of it is on the device"* ]]
	# While the table is still read there is no part.
	cp device.before device
	blockdev --flushbufs "$loop"
	expect 32 cut_at INT flock:when=1 \
		"$PSNAP" convert -q -O raw store origin "$loop"
	[[ $stderr == *interrupted* && $stderr != *' part of it is on '* ]]
	sync -d "$loop"
	cmp device device.before
	for when in $nth $((nth + 2)); do
		expect 8 strace -qq -o trace -e trace=pwrite64 \
			-e inject=pwrite64:error=EIO:when="$when" \
			"$PSNAP" convert -q -O raw store origin "$loop"
		[[ $stderr == "psnap-convert: $loop: "*'part'* ]]
	done
	# The same command does it again.
	makes raw "$loop"
	has_the_view
}

# --- from devices --------------------------------------------------------------

@test "devices are found by their names and tags, and named in tables" {
	local store_loop label="psnap c$$"
	rm origin
	truncate --size=4M origin
	mkfs.ext4 -q -F -L "$label" origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 900 2 3' 'data pattern' |
		store store
	remember
	attach store
	store_loop=$loop
	attach origin
	for operand in "$loop" "LABEL=$label" \
		"/dev/disk/by-label/${label/ /\\x20}"; do
		silent 0 psnap_convert -q -O raw "$store_loop" "$operand" new
		cmp new view
		rm new
		expect 0 psnap_convert -O dm "$store_loop" "$operand" new
		# These are what a kernel wants.
		[[ $stderr != *losetup* && $stderr == *", label \"$label\"" ]]
		diff -u - new <<-END
			0 7200 linear $loop 0
			7200 24 linear $store_loop 16
			7224 968 linear $loop 7224
		END
		rm new
		silent 0 psnap_convert -q -O vmdk "$store_loop" "$operand" new
		grep -qx "RW 968 FLAT \"$loop\" 7224" new
		rm new
	done
	need_qemu
	psnap_convert -q -O vmdk "$store_loop" "$loop" vmdk
	vmdk_shows view vmdk
}

@test "an origin that is in use can be converted, and there is a warning" {
	mounted_pair
	expect 0 psnap_convert -O raw store "$loop" new
	[[ $stderr == "psnap-convert: $loop: in use: mounted on $PWD/mnt; "* ]]
	cmp new view
	rm new
	silent 0 psnap_convert -q -O raw store "$loop" new
	cmp new view
	rm new
	# What stands on it would change it.
	umount mnt
	mount "$loop" mnt
	echo old >mnt/old
	for format in raw vmdk dm; do
		for file in mnt/new mnt/old; do
			expect 8 psnap_convert --force -O $format store \
				"$loop" $file
			[[ $stderr == *"psnap-convert: $file: the new file would be on a device"* ]]
			[[ -z $output ]]
		done
	done
	# Whichever of the two it is.
	expect 8 psnap_convert -O raw "$loop" store mnt/new
	[[ $stderr == *'mnt/new: the new file would be on a device'* ]]
	[[ ! -e mnt/new ]]
	[[ $(<mnt/old) == old ]]
}

# --- a file system that is full ------------------------------------------------

@test "past the limit of a file's size nothing remains" {
	head -c 3M /dev/urandom >origin
	# shellcheck disable=SC2016 # it is for the other shell
	run -8 --separate-stderr bash -c \
		'ulimit -f 100; exec "$0" convert -q -O raw store origin new' "$PSNAP"
	[[ $stderr == "psnap-convert: new: "* ]]
	# shellcheck disable=SC2016
	run -8 --separate-stderr bash -c \
		'ulimit -f 100; exec "$0" merge -q --target=new store origin' "$PSNAP"
	[[ $stderr == "psnap-merge: new: "* ]]
	[[ ! -e new && -z $(compgen -G '.psnap-*') ]]
}

@test "on a full file system nothing remains, and the old file if there was one" {
	mkdir small
	mount -t tmpfs -o size=64k none small || skip "mounting is not allowed"
	later 'umount small'
	refuses_to 8 'psnap-convert: small/new: ' -O raw store origin \
		small/new
	[[ $stderr == *'no space left'* ]]
	[[ -z $(ls -A small) ]]
	echo old >small/old
	refuses_to 8 'psnap-convert: small/old: ' --force -O raw store origin \
		small/old
	[[ $stderr == *'no space left'* ]]
	[[ $(ls -A small) == old && $(<small/old) == old ]]
	# A file of nothing but a hole has room.
	empty_store store
	: >origin
	truncate --size=1M origin
	makes raw small/old --force
	cmp small/old origin
	# Lists, on a file system with no room at all.
	pair
	cat /dev/zero >small/full 2>&1 || true
	rm small/old
	cat /dev/zero >>small/full 2>&1 || true
	for format in vmdk dm qcow2; do
		refuses_to 8 'psnap-convert: small/new: ' -O $format store \
			origin small/new
		[[ $stderr == *'no space left'* ]]
		[[ $(ls -A small) == full ]]
	done
}
