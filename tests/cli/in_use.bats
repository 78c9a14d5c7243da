#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real loop devices, partitions, mounts, swap and device-mapper: what is in use
# is said on standard error and judged all the same, and devices are found by
# their tags without udev. Needs root; each test skips what the machine lacks.

# shellcheck disable=SC2154 # run sets stderr
bats_require_minimum_version 1.5.0
load helpers
load loop

setup() {
	loop_setup
	make_store store.img
}

# An empty store of 32 MiB with chunks of 4 KiB.
make_store() {
	printf 'SnAp\1\0\0\0\1\0\0\0\10\0\0\0' >"$1"
	truncate -s 32M "$1"
}

# Sets $part to a partition from 1 MiB on; nothing is written to the disk.
partition() {
	part=${1}p1
	addpart "$1" 1 2048 32768 || skip "the kernel refuses partitions"
	later "delpart $1 1"
	[[ -b $part ]] || skip "no node for the partition"
}

swap_on() {
	mkswap "$1" >/dev/null
	swapon "$1" || skip "swap is not allowed"
	later "swapoff $1"
}

# check STATUS OPERAND: psnap check must end with STATUS.
check() {
	run "-$1" --separate-stderr "$PSNAP" check "$2"
	echo "stdout: $output"
	echo "stderr: $stderr"
}

in_use() {
	[[ $stderr == *"in use: $1"* ]]
}

not_in_use() {
	[[ $stderr != *"in use"* ]]
}

@test "a loop device that nobody uses is not in use" {
	attach store.img
	check 0 "$loop"
	not_in_use
}

@test "a mounted device is in use, and its mount point is shown unescaped" {
	truncate -s 16M fs.img
	attach fs.img
	mount_ext4 "$loop" "mount point"
	check 4 "$loop"
	in_use "mounted on $PWD/mount point"
}

@test "a device with mounts in two places shows both" {
	truncate -s 16M fs.img
	attach fs.img
	mount_ext4 "$loop" one
	mkdir two
	mount --bind one two
	later "umount two"
	check 4 "$loop"
	in_use "mounted on $PWD/one"
	in_use "mounted on $PWD/two"
}

@test "a mounted btrfs, which mounts under a number of its own, is in use" {
	command -v mkfs.btrfs >/dev/null || skip "no mkfs.btrfs"
	truncate -s 128M fs.img
	attach fs.img
	mkfs.btrfs -q "$loop"
	mkdir mnt
	mount "$loop" mnt || skip "the kernel has no btrfs"
	later "umount mnt"
	check 4 "$loop"
	in_use "mounted on $PWD/mnt"
}

@test "a file behind a loop device is in use under each of its names" {
	attach store.img
	ln store.img hard-link
	mv store.img renamed.img
	for name in renamed.img hard-link; do
		check 0 "$name"
		in_use "behind $loop"
	done
	cp --sparse=always renamed.img copy.img
	check 0 copy.img
	not_in_use
}

@test "a device behind a loop device is in use" {
	attach store.img
	local lower=$loop
	attach "$lower"
	check 0 "$lower"
	in_use "behind $loop"
	check 0 "$loop"
	not_in_use
}

@test "active swap on a device is in use" {
	truncate -s 16M swap.img
	attach swap.img
	swap_on "$loop"
	check 4 "$loop"
	in_use "active swap space"
}

@test "an active swap file is in use, other files beside it are not" {
	truncate -s 64M fs.img
	attach fs.img
	mount_ext4 "$loop" mnt
	dd if=/dev/zero of="mnt/swap file" bs=1M count=8 status=none
	make_store mnt/other
	chmod 600 "mnt/swap file"
	mkswap "mnt/swap file" >/dev/null
	swapon "mnt/swap file" || skip "swap is not allowed"
	later "swapoff 'mnt/swap file'"
	check 4 "mnt/swap file"
	in_use "active swap space"
	check 0 mnt/other
	not_in_use
}

@test "a disk is in use when one of its partitions is mounted" {
	attach store.img
	partition "$loop"
	mount_ext4 "$part" mnt
	check 4 "$part"
	in_use "mounted on $PWD/mnt"
	check 0 "$loop"
	in_use "mounted on $PWD/mnt"
}

@test "a partition is in use when its whole disk is mounted" {
	truncate -s 32M fs.img
	attach fs.img
	partition "$loop"
	mount_ext4 "$loop" mnt
	# Which blocks of the file system stand there is anybody's guess.
	run --separate-stderr "$PSNAP" check "$part"
	[[ $status == [04] ]]
	in_use "mounted on $PWD/mnt"
}

@test "a partition is not in use because its neighbour is" {
	attach store.img
	partition "$loop"
	addpart "$loop" 2 40960 8192
	later "delpart $loop 2"
	mount_ext4 "${loop}p2" mnt
	dd if=store.img of="$part" bs=8k count=1 status=none
	check 0 "$part"
	not_in_use
}

@test "a device that device-mapper holds is in use, a store as a snapshot" {
	command -v dmsetup >/dev/null || skip "no dmsetup"
	dmsetup targets 2>/dev/null | grep -q '^snapshot ' ||
		skip "the kernel has no device-mapper snapshots"
	echo "this is not a store" >origin.img
	truncate -s 16M origin.img
	attach origin.img
	local origin=$loop name=psnap-$$
	attach store.img
	dmsetup create "$name-base" --table "0 32768 linear $origin 0"
	later "dmsetup remove $name-base"
	check 4 "$origin"
	in_use "$name-base stands on it"
	dmsetup create "$name-snap" \
		--table "0 32768 snapshot $origin $loop P 8" 2>/dev/null ||
		skip "the kernel refuses the snapshot"
	later "dmsetup remove $name-snap"
	check 0 "$loop"
	in_use "part of the active snapshot $name-snap"
}

@test "nothing that check does makes a device busy afterwards" {
	attach store.img
	check 0 "$loop"
	mkfs.ext4 -q -F "$loop"
}

@test "a device is found by UUID= and by the link that udev would have made" {
	local uuid
	uuid=$(</proc/sys/kernel/random/uuid)
	truncate -s 16M swap.img
	attach swap.img
	mkswap --uuid "$uuid" "$loop" >/dev/null
	check 4 "UUID=$uuid"
	[[ $stderr != *"no device"* ]]
	check 4 "/dev/disk/by-uuid/$uuid"
	[[ $stderr != *"no device"* ]]
}

@test "a device is found by LABEL= with a space, escaped in the link's name" {
	local label="psnap $$"
	truncate -s 16M fs.img
	attach fs.img
	mkfs.ext4 -q -F -L "$label" "$loop"
	check 4 "LABEL=$label"
	[[ $stderr != *"no device"* ]]
	check 4 "/dev/disk/by-label/${label/ /\\x20}"
	[[ $stderr != *"no device"* ]]
}

@test "what is found by its tag is checked for users too" {
	truncate -s 16M fs.img
	attach fs.img
	mkfs.ext4 -q -F -L "psnap-m$$" "$loop"
	mkdir mnt
	mount "$loop" mnt || skip "mounting is not allowed"
	later "umount mnt"
	check 4 "LABEL=psnap-m$$"
	in_use "mounted on $PWD/mnt"
}

@test "a tag that no device has is an operational error that says so" {
	for name in UUID=psnap-none /dev/disk/by-uuid/psnap-none LABEL=; do
		check 8 "$name"
		[[ -z $output ]]
		[[ $stderr == "psnap-check: $name: "* ]]
	done
	check 8 UUID=psnap-none
	[[ $stderr == *"no device with this UUID"* ]]
}

@test "looking for a tag leaves libblkid's cache alone" {
	local before after
	before=$(stat -c '%i %y' /run/blkid/blkid.tab 2>&1) || true
	check 8 LABEL=psnap-none
	after=$(stat -c '%i %y' /run/blkid/blkid.tab 2>&1) || true
	[[ $before == "$after" ]]
}

@test "output never replaces the file behind the device that is read" {
	attach store.img
	sha256sum store.img >sum
	run -8 --separate-stderr "$PSNAP" dump -o store.img "$loop"
	[[ $stderr == *"behind $loop"* ]]
	sha256sum --check --quiet sum
}
