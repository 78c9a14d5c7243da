#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert on real loop devices and mounts: to a device, from devices, and
# to a file system that is full. Needs root; skips what the machine lacks.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load loop

setup() {
	loop_setup
	pair
	remember
}

# device BYTES [OPTION...]: sets $loop to a new device of random bytes, which
# are in the file device, and in device.before, too.
device() {
	head -c "$1" /dev/urandom >device
	cp device device.before
	attach device "${@:2}"
}

# The device has the view, and behind it what was there.
has_the_view() {
	local size
	size=$(stat --format=%s view)
	sync -d "$loop"
	cmp -n "$size" device view
	cmp -i "$size" device device.before
}

# refuses_device STATUS TEXT OPTION...: nothing is written to $loop.
refuses_device() {
	refuses_to "$1" "$2" "${@:3}" store origin "$loop"
	sync -d "$loop"
	cmp device device.before
}

# never_touches FILE ARGUMENTS...: it is a usage error or a failure, and not a
# byte of FILE is another one.
never_touches() {
	local file=$1
	shift
	sha256sum "$file" >sum
	echo "\$ psnap convert $*"
	run --separate-stderr psnap_convert "$@"
	echo "$status: $output$stderr"
	((status == 8 || status == 16))
	[[ -z $output && -n $stderr ]]
	sync
	sha256sum --check --quiet sum
	nothing_remains
}

# --- to a device ------------------------------------------------------------

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

@test "a device that is too small is left alone" {
	device 116224
	truncate --size=+1 origin
	refuses_device 8 "psnap-convert: $loop: " -O raw
	[[ $stderr == *'it has 116224 bytes, and 116225 are needed; nothing was written'* ]]
	refuses_device 8 "psnap-convert: $loop: " -O raw --target-is-zero
	refuses_device 8 "psnap-convert: $loop: " -O raw --force
}

@test "a device gets nothing but images, and none of what is refused" {
	device 1M
	for format in vmdk dm; do
		for option in '' --force; do
			# shellcheck disable=SC2086 # no word on purpose
			refuses_device 16 "$loop: " -O $format $option
		done
	done
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' | store store
	refuses_device 4 'not converted: ' -O raw
}

@test "a device that is in use or read-only is left alone" {
	device 1M
	blockdev --setro "$loop"
	refuses_device 8 "psnap-convert: $loop: is set read-only" -O raw
	blockdev --setrw "$loop"
	exec 9<>"$loop"
	flock --exclusive 9
	refuses_device 8 'another psnap is at work on it' -O raw
	exec 9>&-
	local lower=$loop
	attach "$lower"
	local upper=$loop
	loop=$lower
	refuses_device 8 "is behind $upper" -O raw
	head -c 16M /dev/zero >device
	attach device
	mount_ext4 "$loop" mnt
	echo precious >mnt/file
	for option in '' --force --target-is-zero; do
		# shellcheck disable=SC2086 # no word on purpose
		refuses_to 8 "$loop: is mounted on $PWD/mnt" -O raw $option \
			store origin "$loop"
	done
	umount mnt
	mount "$loop" mnt
	[[ $(<mnt/file) == precious ]]
}

@test "a device that holds the store or the origin is left alone" {
	local file first second pair
	truncate --size=%4096 origin
	for file in store origin; do
		attach $file
		first=$loop
		attach $file
		second=$loop
		# By the file behind it, itself, and another device over that.
		for operand in $file "$first"; do
			pair=(store "$operand")
			[[ $file == origin ]] || pair=("$operand" origin)
			for out in "$first" "$second"; do
				never_touches $file -O raw "${pair[@]}" "$out"
			done
			never_touches $file --force -O raw "${pair[@]}" $file
			never_touches $file --force -O dm "${pair[@]}" $file
		done
	done
}

@test "a disk whose partition is the origin is left alone, and the reverse" {
	head -c 8M /dev/urandom >disk
	attach disk
	addpart "$loop" 1 2048 4096 || skip "the kernel refuses partitions"
	later "delpart $loop 1"
	[[ -b ${loop}p1 ]] || skip "no node for the partition"
	never_touches disk -O raw store "${loop}p1" "$loop"
	never_touches disk -O raw store "$loop" "${loop}p1"
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

# --- from devices -----------------------------------------------------------

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

# --- a file system that is full ---------------------------------------------

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

@test "standard output that leads to an input is left alone" {
	local file
	for file in store origin; do
		attach $file
		sha256sum store origin >sum
		# shellcheck disable=SC2016
		run -8 --separate-stderr bash -c \
			'exec "$0" convert -q -O raw store origin - >"$1"' \
			"$PSNAP" "$loop"
		[[ $stderr == *"it is $file itself"* ]]
		sha256sum --check --quiet sum
	done
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
