#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Commands that write, on real loop devices, mounts, swap and beside another
# psnap: whatever is in use is refused with exit status 8, says who uses it,
# and is left untouched. Needs root; each test skips what the machine lacks.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load loop

# 16 MiB, which is enough for a file system.
origin_bytes=$((16 << 20))

setup() {
	loop_setup
	printf '%s\n' 'chunk 4K' 'size 16M' 'exc 3 2 11' 'exc 240 20 5' \
		'data pattern' | store store.img
	head -c "$origin_bytes" /dev/urandom >origin.img
	# A merge and its undo of a pair that nobody uses, for psnap undo.
	cp store.img store.free
	cp origin.img origin.free
	"$PSNAP" merge -q --undo=undo.free store.free origin.free
}

# busy TEXT STORE ORIGIN: neither a merge nor an undo begins; both say TEXT,
# and not a byte changes. A mounted file system may write, so what it is on is
# not compared: the other one is, and that nothing was saved for undo.
busy() {
	local text=$1 store=$2 origin=$3 before file
	for file in "$store" "$origin"; do
		[[ ! -f $file ]] || before+=$(state_of "$file")
	done
	for option in '' --undo=undo; do
		# shellcheck disable=SC2086 # no word on purpose
		expect 8 "$PSNAP" merge $option "$store" "$origin"
		[[ -z $output && $stderr == 'psnap-merge: '*"$text"* ]]
		[[ $stderr != *$'\n'* && ! -e undo ]]
	done
	expect 8 "$PSNAP" undo undo.free "$store" "$origin"
	[[ -z $output && $stderr == 'psnap-undo: '*"$text"* ]]
	local after
	for file in "$store" "$origin"; do
		[[ ! -f $file ]] || after+=$(state_of "$file")
	done
	[[ $after == "$before" ]]
}

@test "loop devices that nobody uses are merged and put back" {
	local wanted store origin
	wanted=$(view_sum store.img origin.img)
	sha256sum store.img origin.img >sum
	attach store.img
	store=$loop
	attach origin.img
	origin=$loop
	silent 0 psnap_merge --verify --undo=undo "$store" "$origin"
	[[ $(sum_of "$origin") == "$wanted" ]]
	sync -d "$store" "$origin"
	[[ $(sum_of origin.img) == "$wanted" ]]
	is_empty_store "$store"
	silent 0 psnap_undo undo
	sync -d "$store" "$origin"
	sha256sum --check --quiet sum
	# And they are free again.
	losetup "$origin" >/dev/null
	mkfs.ext4 -q -F "$origin"
}

@test "devices with sectors of 4096 bytes are merged and put back" {
	local wanted
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 5 2 9' 'exc 100 40 7' \
		'data pattern' | store small.img
	wanted=$(view_sum small.img origin.img)
	attach small.img --sector-size 4096
	local store=$loop
	attach origin.img --sector-size 4096
	sha256sum small.img origin.img >sum
	silent 0 psnap_merge --undo=undo --verify "$store" "$loop"
	[[ $(sum_of "$loop") == "$wanted" ]]
	is_empty_store "$store"
	silent 0 psnap_undo undo
	sync -d "$store" "$loop"
	sha256sum --check --quiet sum
}

@test "a device that was set read-only is refused before anything is written" {
	attach origin.img
	cp origin.img origin.before
	cp store.img store.before
	attach store.img
	blockdev --setro "$loop"
	later "blockdev --setrw $loop"
	complains 8 "psnap-merge: $loop: is set read-only" \
		psnap_merge "$loop" origin.free
	complains 8 "psnap-merge: $loop: is set read-only" \
		psnap_merge store.free "$loop"
	cmp store.img store.before
}

@test "a mounted origin is refused, and the mount point named" {
	attach origin.img
	mount_ext4 "$loop" mnt
	echo precious >mnt/file
	sync -f mnt/file
	busy "$loop: is mounted on $PWD/mnt" store.img "$loop"
	umount mnt
	mount -o ro "$loop" mnt
	[[ $(<mnt/file) == precious ]]
	busy "$loop: is mounted on $PWD/mnt" store.img "$loop"
}

@test "a mounted store is refused" {
	attach store.img
	mount_ext4 "$loop" mnt
	busy "$loop: is mounted on $PWD/mnt" "$loop" origin.img
}

@test "a file behind a loop device is refused, by each of its names" {
	attach origin.img
	ln origin.img hard-link
	ln -s origin.img symlink
	for origin in origin.img hard-link symlink; do
		busy "$origin: is behind $loop" store.img "$origin"
	done
	busy "hard-link: is behind $loop" hard-link store.img
}

@test "a store behind a loop device is refused" {
	attach store.img
	busy "store.img: is behind $loop" store.img origin.img
	# Not even with its own device as the other operand.
	busy "store.img: is behind $loop" store.img "$loop"
	expect 16 psnap_merge "$loop" store.img
	[[ $stderr == *"store.img: STORE and ORIGIN are the same"* ]]
}

@test "two parts of one image, each a loop device, are a pair" {
	local wanted store
	wanted=$(view_sum store.img origin.img)
	cat store.img origin.img >disk.img
	attach disk.img --sizelimit "$(stat -c %s store.img)"
	store=$loop
	attach disk.img --offset "$(stat -c %s store.img)"
	silent 0 psnap_merge "$store" "$loop"
	[[ $(sum_of "$loop") == "$wanted" ]]
	origin=$loop
	# All of the image has both of them.
	attach disk.img
	expect 16 psnap_merge "$store" "$loop"
	expect 16 psnap_merge "$loop" "$origin"
}

@test "a disk is refused while one of its partitions is mounted" {
	attach origin.img
	addpart "$loop" 1 2048 16384 || skip "the kernel refuses partitions"
	later "delpart $loop 1"
	[[ -b ${loop}p1 ]] || skip "no node for the partition"
	mount_ext4 "${loop}p1" mnt
	busy "$PWD/mnt" store.img "$loop"
	busy "$PWD/mnt" store.img "${loop}p1"
}

@test "a disk and its own partition are refused as a pair" {
	attach store.img
	addpart "$loop" 1 2048 16384 || skip "the kernel refuses partitions"
	later "delpart $loop 1"
	[[ -b ${loop}p1 ]] || skip "no node for the partition"
	name=psnap-merge
	refused 'are the same' "$PSNAP" merge "$loop" "${loop}p1"
	sha256sum store.img >sum
	refused 'are the same' "$PSNAP" merge -n "$loop" "${loop}p1"
	sha256sum --check --quiet sum
}

@test "a swap file and a swap device are refused" {
	attach origin.img
	mkswap "$loop" >/dev/null
	swapon "$loop" || skip "swap is not allowed"
	later "swapoff $loop"
	busy "$loop: is in use as swap" store.img "$loop"
	truncate -s 64M fs.img
	attach fs.img
	mount_ext4 "$loop" mnt
	dd if=/dev/zero of=mnt/swap bs=1M count=8 status=none
	chmod 600 mnt/swap
	mkswap mnt/swap >/dev/null
	swapon mnt/swap || skip "swap files are not allowed"
	later "swapoff mnt/swap"
	busy "mnt/swap: is in use as swap" store.img mnt/swap
	busy "mnt/swap: is in use as swap" mnt/swap store.img
}

@test "what device-mapper holds is refused" {
	command -v dmsetup >/dev/null || skip "no dmsetup"
	attach origin.img
	dmsetup create "psnap-$$" --table "0 32768 linear $loop 0" 2>/dev/null ||
		skip "no device-mapper"
	later "dmsetup remove psnap-$$"
	busy "$loop: is held by psnap-$$" store.img "$loop"
}

@test "a second psnap at work is refused" {
	exec 9<>store.img
	flock --exclusive 9
	busy 'store.img: another psnap is at work on it' store.img origin.img
	exec 9>&-
	exec 9<>origin.img
	flock --exclusive 9
	busy 'origin.img: another psnap is at work on it' store.img origin.img
	# To look at it is allowed.
	silent 0 psnap_merge -n store.img origin.img
	exec 9>&-
	: >undo
	exec 9<>undo
	flock --exclusive 9
	sha256sum store.img origin.img >sum
	complains 8 'psnap-merge: undo: another psnap is at work on it' \
		psnap_merge --undo=undo store.img origin.img
	exec 9>&-
	sha256sum --check --quiet sum
	[[ ! -s undo ]]
	silent 0 psnap_merge store.img origin.img
}

@test "a real second psnap at work is refused, and the first one ends well" {
	command -v strace >/dev/null || skip "no strace"
	need_no_sanitizer
	local wanted pid
	wanted=$(view_sum store.img origin.img)
	# The first one sleeps in the middle of its work.
	strace -qq -o trace -e trace=fsync \
		-e inject=fsync:delay_enter=3000000:when=1 \
		"$PSNAP" merge store.img origin.img >out &
	pid=$!
	# Not by trying to lock it: the first one could be who is refused.
	first_is_there() {
		grep -q "FLOCK.*:$(stat -c %i store.img) " /proc/locks
	}
	eventually first_is_there
	expect 8 psnap_merge store.img origin.img
	[[ $stderr == *'store.img: another psnap is at work on it' ]]
	expect 8 psnap_undo undo.free store.img origin.img
	ended 0 "$pid"
	[[ $(sum_of origin.img) == "$wanted" ]]
	is_empty_store store.img
}

@test "an undo file that is behind the origin is refused" {
	attach origin.img
	sha256sum origin.img store.img >sum
	expect 16 psnap_merge --undo=origin.img store.img "$loop"
	[[ $stderr == "psnap-merge: --undo: origin.img is the origin"* ]]
	sha256sum --check --quiet sum
}

@test "a pair on a file system whose device is the origin is refused" {
	truncate -s 64M fs.img
	attach fs.img
	mount_ext4 "$loop" mnt
	cp store.img mnt/store
	busy "$loop: is mounted on $PWD/mnt" mnt/store "$loop"
}

@test "a dry run of what is in use warns and changes nothing" {
	attach origin.img
	sha256sum origin.img store.img >sum
	expect 0 psnap_merge -n store.img origin.img
	[[ $stderr == *"origin.img: in use: behind $loop; "* ]]
	[[ ${lines[0]} == 'would merge 16 exceptions in 2 runs' ]]
	silent 0 psnap_merge -n -q store.img origin.img
	sha256sum --check --quiet sum
}
