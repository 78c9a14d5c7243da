#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge --undo where the undo file has no room, which is said before
# anything is written.

# run sets stderr; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load undo

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	unmount small short
}

@test "an undo file in a full place is refused before anything is written" {
	((EUID == 0)) || skip "needs root to mount"
	pair
	mkdir small
	mount -t tmpfs -o size=64k none small || skip "mounting is not allowed"
	# Also behind links to what is not there yet.
	ln -s small/undo link
	ln -s "$PWD/link" far
	for name in small/undo link far; do
		expect 8 psnap_merge --undo=$name store origin
		[[ -z $output && $stderr =~ 'may need '[0-9]+' bytes and 65536 are free' ]]
	done
	[[ -z $(ls -A small) ]]
	is_as_before
}

# A file there ends at 17,247,252,480 bytes, with 24 GiB free: so FAT does at 4
# GiB, which not every kernel has.
mount_short() {
	truncate --size=24G disk
	mkfs.ext4 -q -F -b 1024 -N 16 -m 0 \
		-O ^extents,^64bit,^has_journal,^metadata_csum disk
	mkdir short
	mount -o loop disk short
}

# A pair whose merge has a little more to save than that, all of it holes.
long_pair() {
	printf '%s\n' 'chunk 1M' 'alloc 0 16200' | store store
	truncate --size=17G origin
}

@test "an undo file longer than the file system takes is refused at once" {
	((EUID == 0)) || skip "needs root to mount"
	long_pair
	mount_short || skip "mounting is not allowed"
	local begun file text='bytes, and a file there can have 17247252480; name one elsewhere; nothing was changed'
	ln -s short/undo link
	for file in short/undo link; do
		expect 8 psnap_merge --undo=$file store origin
		[[ -z $output && $stderr == "psnap-merge: $file: the undo file may need "*"$text"* ]]
		[[ ! -e short/undo ]]
	done
	# What somebody else has made stays.
	[[ -L link ]]
	touch short/undo
	expect 8 psnap_merge --undo=short/undo store origin
	[[ -e short/undo && ! -s short/undo ]]

	# What is there counts, when the file is continued; the rest would fit.
	silent 0 psnap_merge --range=0..131071 --undo=short/undo store origin
	begun=$(stat -c '%n %s %y' store origin short/undo)
	expect 8 timeout 20 "$PSNAP" merge --undo=short/undo store origin
	[[ $stderr == *"$text"* ]]
	[[ $(stat -c '%n %s %y' store origin short/undo) == "$begun" ]]
}

# Of the origin all is merged, so that it is shorter than the undo file.
whole_pair() {
	printf '%s\n' 'chunk 4K' 'alloc 0 3000' 'data pattern' | store store
	head -c $((3000 * 4096)) /dev/urandom >origin
	sha256sum store origin >sum
}

limited() { # BLOCKS COMMAND...: of 1024 bytes
	(ulimit -f "$1" && "${@:2}")
}

@test "a limit of the process is one of the undo file" {
	local need
	whole_pair
	expect 8 limited 16 "$PSNAP" merge --undo=undo store origin
	[[ $stderr =~ 'may need '([0-9]+)' bytes, and a file there can have 16384; ' ]]
	need=${BASH_REMATCH[1]}
	[[ ! -e undo ]]
	is_as_before
	((need % 1024 > 0))
	expect 8 limited $((need / 1024)) "$PSNAP" merge --undo=undo store origin
	silent 0 limited $((need / 1024 + 1)) "$PSNAP" merge -q --undo=undo \
		store origin
	silent 0 psnap_undo undo
	is_as_before
}

# All that its delta replaces is counted again, so it could not be gone on with.
@test "a delta that was cut is gone on with where files are limited" {
	need_strace
	local need
	whole_pair
	silent 0 "$PSNAP" convert -q -O delta store origin delta
	expect 8 limited 16 "$PSNAP" merge --undo=undo delta origin
	[[ $stderr =~ 'may need '([0-9]+)' bytes' ]]
	need=$((BASH_REMATCH[1] / 1024 + 1))
	run -137 limited "$need" cut_at KILL pwrite64:when=8 "$PSNAP" merge \
		--undo=undo delta origin
	(($(stat --format=%s undo) > 1000000))
	silent 0 limited "$need" "$PSNAP" merge -q --undo=undo delta origin
	silent 0 psnap_undo undo
	is_as_before
}
