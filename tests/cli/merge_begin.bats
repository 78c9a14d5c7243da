#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# That a disk is told to begin writing long before the flush, so that it writes
# while the other is read; that nothing depends on it; and that the flush still
# tells of what a disk could not write by then.

# run sets stderr; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load loop

setup() {
	loop_setup
}

# A pair of 40 MiB, two and a half times what waits for a disk at most.
wide_pair() {
	printf '%s\n' 'chunk 64K' 'scatter 640 700 3' 'data pattern' |
		store store
	head -c $((700 * 65536)) /dev/urandom >origin
	remember
}

# begun FILE: how often its disk was told to begin, and not waited for, before
# the origin was flushed.
begun() {
	sed '/fsync(.*\/origin>)/q' trace |
		grep -c "sync_file_range(.*/$1>, 0, 0, SYNC_FILE_RANGE_WRITE) = 0"
}

@test "disks begin to write before the flush, and are not waited for" {
	need_strace
	wide_pair
	strace -f -y -qq -o trace -e trace=sync_file_range,fsync,io_uring_setup \
		-e inject=io_uring_setup:error=ENOSYS \
		"$PSNAP" merge --quiet --undo=undo store origin
	grep -q 'ENOSYS.*INJECTED' trace
	cmp origin view
	(($(begun origin) == 2))
	(($(begun undo) == 2))
	# Of a little nothing is begun.
	pair
	strace -f -y -qq -o trace -e trace=sync_file_range,fsync \
		"$PSNAP" merge --quiet store origin
	grep -q fsync trace
	run -1 grep sync_file_range trace
}

@test "a system that cannot begin early merges all the same" {
	need_strace
	local error
	for error in ENOSYS EIO EINTR; do
		wide_pair
		strace -f -qq -o trace -e trace=sync_file_range,io_uring_setup \
			-e inject=sync_file_range,io_uring_setup:error=$error \
			"$PSNAP" merge --quiet store origin
		grep -q "sync_file_range.*$error.*INJECTED" trace
		grep -q "io_uring_setup.*$error.*INJECTED" trace
		cmp origin view
		is_empty_store store
	done
}

@test "what a disk could not write early on makes the flush fail" {
	local before
	wide_pair
	mkdir small
	mount -t tmpfs -o size=24m none small || skip "mounting is not allowed"
	later 'umount small'
	# Read, it has all of the origin; written to, not a tenth of it.
	truncate --size=$((700 * 65536)) small/origin
	attach small/origin
	before=$(sum_of store)
	# Past the page cache, and through it.
	expect 8 psnap_merge store "$loop"
	[[ $stderr == *"did not reach the disk"* ]]
	[[ $(sum_of store) == "$before" ]]
	need_strace
	run -8 --separate-stderr strace -f -qq -o trace -e trace=io_uring_setup \
		-e inject=io_uring_setup:error=EPERM \
		"$PSNAP" merge --quiet store "$loop"
	grep -q INJECTED trace
	[[ $stderr == *"did not reach the disk"* ]]
	[[ $(sum_of store) == "$before" ]]
}
