#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# That an origin is written past the page cache, many writes at a time; that what
# the system does not take is written all the same, or the merge fails; and that
# a merge that is killed in the middle of it can be gone on with.

# run sets stderr; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load loop

setup() {
	loop_setup
	need_strace
}

# Single chunks of 4 KiB, 12 MiB of them, of an origin of 16.
single_pair() {
	printf '%s\n' 'chunk 4K' 'scatter 3000 4096 5' 'data pattern' |
		store store
	head -c $((4096 * 4096)) /dev/urandom >origin
	remember
}

# traced OPTION... : merge with the system calls of that in a file. Exit status
# as psnap's.
traced() {
	strace -f -y -qq -o trace -e trace=io_uring_setup,io_uring_enter,fsync,pwrite64 \
		"$@" "$PSNAP" merge --quiet store origin
}

# written_before_flush: bytes that went to the origin through the page cache.
written_before_flush() {
	sed '/fsync(.*\/origin>)/q' trace |
		awk '/pwrite64\([0-9]*<.*\/origin>/ { n += $NF } END { print n + 0 }'
}

@test "an origin is written past the page cache, many writes in a call" {
	local calls
	single_pair
	traced
	cmp origin view
	is_empty_store store
	(($(written_before_flush) == 1 << 20))
	calls=$(sed '/fsync(.*\/origin>)/q' trace | grep -c io_uring_enter)
	((calls > 0 && calls < 2000 / 4))
	# Not a file with holes, nor where each write is compared first.
	single_pair
	fallocate --punch-hole --length=65536 origin
	remember
	traced
	cmp origin view
	run -1 grep io_uring trace
	single_pair
	strace -f -qq -o trace -e trace=io_uring_setup,pwrite64 \
		"$PSNAP" merge --quiet --skip-equal store origin
	cmp origin view
	grep -q pwrite64 trace
	run -1 grep io_uring trace
}

# Of what a loop device does not take, threads would wait.
@test "a loop device is given as many requests as it takes, a disk more" {
	local depth=1024
	single_pair
	# Where the tests run may itself be a loop device.
	(($(stat -c %Hd origin) != 7)) || depth=128
	traced
	grep -qF "io_uring_setup($depth," trace
	single_pair
	attach origin
	strace -f -qq -o trace -e trace=io_uring_setup \
		"$PSNAP" merge --quiet store "$loop"
	grep -qF "io_uring_setup(128," trace
	cmp "$loop" view
	is_empty_store store
}

@test "a flush comes after everything that was under way" {
	single_pair
	traced
	# After the last call before the flush nothing is handed over until the
	# origin is durable.
	awk '/io_uring_enter/ { last = NR } /fsync\(.*\/origin>/ { flush = NR; exit }
		END { exit !(last && flush > last) }' trace
	[[ $(sum_of origin) == $(sum_of view) ]]
}

@test "calls that are interrupted or refused for a while are made again" {
	local error
	for error in EINTR EAGAIN EBUSY; do
		single_pair
		traced -e inject=io_uring_enter:error=$error:when=3..20
		grep -q "$error.*INJECTED" trace
		cmp origin view
		is_empty_store store
	done
}

@test "a system that takes no more ends the merge, and the next one finishes" {
	local before
	single_pair
	before=$(sum_of store)
	run -8 --separate-stderr traced -e inject=io_uring_enter:error=EBADF:when=10+
	[[ $stderr == *"run the same command again"* ]]
	[[ $(sum_of store) == "$before" ]]
	silent 0 psnap_merge store origin
	cmp origin view
	is_empty_store store
}

@test "killed while writes are under way, and run again" {
	local n rc killed=0
	single_pair
	cp store store.old
	cp origin origin.old
	for n in 1 2 3 7 20 40 60 1000; do
		cp store.old store
		cp origin.old origin
		rc=0
		traced -e inject=io_uring_enter:signal=KILL:when=$n || rc=$?
		((rc == 0)) || killed=$((killed + 1))
		[[ $(view_sum store origin) == $(sum_of view) ]]
		silent 0 psnap_merge store origin
		cmp origin view
		is_empty_store store
	done
	((killed > 3 && killed < 8))
}

@test "with an undo file both come back, also after a kill" {
	single_pair
	cp store store.old
	cp origin origin.old
	strace -f -qq -o trace -e trace=io_uring_enter \
		-e inject=io_uring_enter:signal=KILL:when=20 \
		"$PSNAP" merge --quiet --undo=undo store origin && false
	silent 0 "$PSNAP" undo --quiet undo store origin
	cmp store store.old
	cmp origin origin.old
	silent 0 "$PSNAP" merge --quiet --undo=undo2 store origin
	cmp origin view
	silent 0 "$PSNAP" undo --quiet undo2 store origin
	cmp store store.old
	cmp origin origin.old
}

torn_bytes() {
	"$PSNAP" undo --verify --output=json undo | jq .torn_bytes
}

@test "an undo file is written past the page cache, and ends with its records" {
	local written
	single_pair
	strace -f -y -qq -o trace -e trace=pwrite64 \
		"$PSNAP" merge --quiet --undo=undo store origin
	written=$(awk '/pwrite64\([0-9]*<.*\/undo>/ { n += $NF } END { print n + 0 }' trace)
	(($(stat -c %s undo) > 12000000 && written > 0 && written < 4000000))
	[[ $(torn_bytes) == 0 ]]
}

@test "what an undo file was made longer by for a run that was cut is no record" {
	local n longer=0
	single_pair
	cp store store.old
	cp origin origin.old
	for n in 5 10 15 25 40; do
		cp store.old store
		cp origin.old origin
		rm -f undo
		strace -f -qq -o trace -e trace=io_uring_enter \
			-e inject=io_uring_enter:signal=KILL:when=$n \
			"$PSNAP" merge --quiet --batch=2M --undo=undo store origin && false
		(($(torn_bytes) == 0)) || longer=$((longer + 1))
		# The same file goes on where its records end.
		silent 0 "$PSNAP" merge --quiet --undo=undo store origin
		cmp origin view
		[[ $(torn_bytes) == 0 ]]
		silent 0 "$PSNAP" undo --quiet undo store origin
		cmp store store.old
		cmp origin origin.old
	done
	((longer > 0))
}

@test "when the undo file cannot be written any more, nothing is overwritten" {
	local n before
	single_pair
	before=$(sum_of store origin)
	cp store store.old
	cp origin origin.old
	for n in 1 4 8; do
		rm -f undo
		run -8 --separate-stderr strace -f -qq -o trace -e trace=io_uring_enter \
			-e inject=io_uring_enter:error=EBADF:when=$n+ \
			"$PSNAP" merge --quiet --undo=undo store origin
		[[ $stderr == *undo* ]]
		[[ $(sum_of store origin) == "$before" ]]
		silent 0 "$PSNAP" merge --quiet --undo=undo store origin
		cmp origin view
		silent 0 "$PSNAP" undo --quiet undo store origin
		cmp store store.old
		cmp origin origin.old
	done
}

@test "without room for the undo file made first, it is written all the same" {
	local error
	for error in ENOSPC EINTR EOPNOTSUPP; do
		rm -f undo
		single_pair
		cp origin origin.old
		strace -f -qq -o trace -e trace=fallocate \
			-e inject=fallocate:error=$error \
			"$PSNAP" merge --quiet --undo=undo store origin
		grep -q "$error.*INJECTED" trace
		cmp origin view
		[[ $(torn_bytes) == 0 ]]
		silent 0 "$PSNAP" undo --quiet undo store origin
		cmp origin origin.old
	done
}

@test "a device stays claimed until the writes of a psnap that was killed are done" {
	local pid device i rc=0
	head -c 48M /dev/zero >image
	attach image
	mount_ext4 "$loop" mnt
	single_pair
	mv origin mnt/origin
	attach mnt/origin
	device=$loop
	# Nothing that is written to the device is done from now on.
	fsfreeze --freeze mnt
	later 'fsfreeze --unfreeze mnt 2>fsfreeze || true'
	"$PSNAP" merge --quiet store "$device" &
	pid=$!
	for ((i = 0; i < 300; i++)); do
		! grep -q io_uring "/proc/$pid/task/$pid/stack" || break
		sleep 0.1
	done
	((i < 300))
	kill -KILL $pid
	wait $pid || true
	# One that is let in cannot be killed before it can write.
	"$PSNAP" merge --quiet store "$device" 2>said &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[[ ! -s said ]] || break
		sleep 0.1
	done
	fsfreeze --unfreeze mnt
	wait $pid || rc=$?
	((rc == 8))
	grep -qF "$device: is in use" said
	silent 0 "$PSNAP" merge --quiet store "$device"
	cmp "$device" view
	is_empty_store store
}
