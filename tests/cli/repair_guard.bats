#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap repair on real loop devices, mounts, swap and device-mapper: what is in
# use is not repaired in place, devices with large sectors are, and no file is
# written to a device that is to be only read. Needs root; each test skips what
# the machine lacks.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load repair
load loop

setup() {
	loop_setup
	# Large enough for a file system.
	printf '%s\n' 'chunk 4K' 'size 16M' 'exc 0 2' 'exc 16 3 4' 'exc 0 2' \
		'exc 40 9000' 'data pattern' | store store.img
	head -c 16M /dev/urandom >origin.img
}

# busy TEXT STORE: no repair of STORE begins, all say TEXT, and nothing is made.
busy() {
	local text=$1 store=$2 before
	[[ ! -f $store ]] || before=$(state_of "$store")
	for option in '-y --no-undo' '-p --undo=undo' '-y --undo=undo --log=log'; do
		# shellcheck disable=SC2086 # several words on purpose
		expect 8 psnap_repair $option "$store"
		[[ -z $output && $stderr == 'psnap-repair: '*"$text"* ]]
		[[ $stderr != *$'\n'* && ! -e undo && ! -e log ]]
	done
	[[ ! -f $store || $(state_of "$store") == "$before" ]]
}

@test "a device is repaired and put back, whatever its sectors are" {
	local size before
	before=$(sum_of store.img)
	for size in 512 4096; do
		attach store.img --sector-size "$size"
		rm -f undo log
		silent 1 psnap_repair -y --undo=undo --log=log "$loop"
		[[ $output == *$'\nstore       '"$loop, 16777216 bytes"* ]]
		is_clean "$loop" 5
		jq -es --arg loop "$loop" 'all(.[]; .file == $loop)' log
		is_finished_device
		silent 0 psnap_undo undo
		sync -d "$loop"
		[[ $(sum_of store.img) == "$before" ]]
	done
}
is_finished_device() {
	local before
	before=$(sum_of "$loop")
	silent 0 psnap_repair -y --no-undo "$loop"
	[[ $output == *'nothing to do' && $(sum_of "$loop") == "$before" ]]
}

@test "a copy of a device is a file" {
	attach store.img
	silent 1 psnap_repair -y -o new "$loop"
	is_clean new 5
	[[ $(stat -c %s new) == $((16 << 20)) ]]
	cmp -i 8192 new store.img
	# Longer than the device, too.
	silent 1 psnap_repair -y -o longer --grow=20M "$loop"
	is_clean longer 5
	[[ $(stat -c %s longer) == $((20 << 20)) ]]
}

@test "a copy shares its blocks with the store where the file system can" {
	command -v mkfs.btrfs >/dev/null || skip "no mkfs.btrfs"
	truncate -s 256M fs.img
	attach fs.img
	mkfs.btrfs -q "$loop"
	mkdir mnt
	mount "$loop" mnt || skip "the kernel has no btrfs"
	later "umount '$PWD/mnt'"
	cp --sparse=never store.img mnt/store
	silent 1 psnap_repair -y -o mnt/new --grow=20M mnt/store
	is_clean mnt/new 5
	[[ $(stat -c %s mnt/new) == $((20 << 20)) ]]
	cmp -n 4096 mnt/new store.img
	cmp -i 8192 -n $(((16 << 20) - 8192)) mnt/new store.img
	cmp mnt/store store.img
	# The same data blocks: 16 MiB more would be seen.
	command -v filefrag >/dev/null || skip "no filefrag"
	sync -f mnt/new
	filefrag -v mnt/new | grep -q shared
}

@test "--grow does not make a device longer" {
	attach store.img
	cp store.img before
	for option in '' '-y --no-undo'; do
		# shellcheck disable=SC2086
		complains 8 "psnap-repair: $loop: is a device of 16777216 bytes" \
			psnap_repair --grow=17M $option "$loop"
	done
	cmp store.img before
	silent 1 psnap_repair --grow=16M -y --no-undo "$loop"
}

@test "a store that is mounted, swap, held or behind a loop device is refused" {
	attach store.img
	busy "store.img: is behind $loop" store.img
	cp store.img other.img
	mount_ext4 "$loop" mnt
	busy "$loop: is mounted on $PWD/mnt" "$loop"
	attach other.img
	if command -v dmsetup >/dev/null && dmsetup create "psnap-$$" --table \
		"0 32768 linear $loop 0" 2>/dev/null; then
		later "dmsetup remove psnap-$$"
		busy "$loop: is held by psnap-$$" "$loop"
	fi
}

@test "a plan and a copy of what is in use warn, and change nothing" {
	attach store.img
	cp store.img before
	expect 4 psnap_repair store.img
	[[ $stderr == *"store.img: in use: behind $loop; "* ]]
	expect 1 psnap_repair -y -o new store.img
	[[ $stderr == *"store.img: in use: behind $loop; "* ]]
	is_clean new 5
	cmp store.img before
}

@test "an origin that is in use is read all the same" {
	attach origin.img
	mount_origin=$loop
	expect 1 psnap_repair -y --no-undo store.img "$mount_origin"
	is_clean store.img 5
	expect 0 psnap_repair store.img origin.img
	[[ $stderr == *"origin.img: in use: behind $loop; "* ]]
}

@test "no file is made on the device of the store or the origin" {
	truncate -s 64M fs.img
	attach fs.img
	mount_ext4 "$loop" mnt
	for option in '-o mnt/new -y' '--undo=mnt/undo -n' '--log=mnt/log -n'; do
		# shellcheck disable=SC2086
		expect 8 psnap_repair $option "$loop"
		[[ $stderr == *'would be on '* ]]
		# shellcheck disable=SC2086
		expect 8 psnap_repair $option store.img "$loop"
		[[ $stderr == *'would be on '* ]]
	done
	[[ $(ls mnt) == lost+found ]]
}

@test "a disk and its own partition are refused as a pair" {
	attach store.img
	addpart "$loop" 1 2048 16384 || skip "the kernel refuses partitions"
	later "delpart $loop 1"
	[[ -b ${loop}p1 ]] || skip "no node for the partition"
	name=psnap-repair
	refused 'are the same' "$PSNAP" repair "$loop" "${loop}p1"
}
