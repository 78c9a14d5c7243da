#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert to a device that is too small, in use, or what goes in: nothing
# is written to it. Needs root; skips what the machine lacks.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load loop
load convert_devices

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
