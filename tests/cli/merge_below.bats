#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# That the disk below a loop device is kept at work while it is merged to and saved
# from, and that nothing depends on it.

# bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load loop

setup() {
	loop_setup
	need_strace
}

# large_origin [OPTION...]: an origin of 48 MiB that is behind $loop.
large_origin() {
	head -c 48M /dev/urandom >origin
	attach origin "$@"
}

# large_store SEED: single chunks for $loop, most of the 47 MiB that it has at least.
large_store() {
	printf '%s\n' 'chunk 4K' "scatter 9000 12032 $1" 'data pattern' |
		store store
	"${PSNAP%/*}/tests/view" store "$loop" >view
}

# merge_traced OPTION...: to $loop, with the system calls of that in a file.
merge_traced() {
	strace -f -y -qq -o trace -e trace=openat,fadvise64 \
		"$PSNAP" merge --quiet "$@" store "$loop"
	cmp "$loop" view
	is_empty_store store
}

# How often the file of that name was opened for reading, or was told of a read.
opened() {
	grep -c "openat(.*\"$(pwd -P)/$1.*, O_RDONLY" trace || true
}

fetched() {
	grep -c "fadvise64(.*/$1.*POSIX_FADV_WILLNEED" trace || true
}

@test "what a loop device stands on is written early, where there is much of it" {
	large_origin
	large_store 5
	merge_traced
	[[ $(opened origin) == 1 ]]
	printf '%s\n' 'chunk 4K' 'scatter 3000 4096 5' 'data pattern' | store store
	"${PSNAP%/*}/tests/view" store "$loop" >view
	merge_traced
	[[ $(opened origin) == 0 ]]
	# Nothing has its name any more: that is no reason to fail.
	rm origin
	large_store 6
	merge_traced
	[[ $(opened origin) == 0 ]]
}

# Nothing is fetched from the first MiB, and something soon after.
fetched_behind_mib() {
	awk -F'[ ,]+' '/origin>.*WILLNEED/ { if (!n++ || $3 < first) first = $3 }
		END { exit !(first >= 1048576 && first < 2097152) }' trace
}

# saved_and_undone: merged with an undo file, and back.
saved_and_undone() {
	local before
	before=$(sum_of "$loop" store)
	rm -f undo
	merge_traced --undo=undo
	silent 0 "$PSNAP" undo --quiet undo store "$loop"
	[[ $(sum_of "$loop" store) == "$before" ]]
}

@test "what is saved of a loop device is read of what that stands on, early" {
	large_origin
	large_store 5
	saved_and_undone
	(($(fetched origin) > 100))
	# Read before, and where the device begins.
	grep -qF "origin>, 0, " trace
	rm origin
	large_store 6
	saved_and_undone
	(($(fetched origin) == 0))
}

@test "also where the device is not the whole of it" {
	large_origin --offset 1048576
	large_store 5
	saved_and_undone
	(($(fetched origin) > 100))
	fetched_behind_mib
}

@test "a partition of a loop device begins where it begins" {
	large_origin
	addpart "$loop" 1 2048 96256 || skip "the kernel refuses partitions"
	later "delpart $loop 1"
	[[ -b ${loop}p1 ]] || skip "no node for the partition"
	loop=${loop}p1
	large_store 5
	saved_and_undone
	(($(fetched origin) > 100))
	fetched_behind_mib
}

@test "not of what is read past the page cache" {
	large_origin --direct-io=on
	[[ $(losetup --noheadings --output DIO "$loop") == *1 ]] ||
		skip "no direct I/O"
	large_store 5
	saved_and_undone
	(($(fetched origin) == 0))
}
