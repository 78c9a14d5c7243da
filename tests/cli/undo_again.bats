#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge --undo that was cut and is run again with the same undo file: what
# the file has is not saved again, so that room that was enough stays enough.

# run sets stderr; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load undo

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

saved_bytes() {
	psnap_undo --output=json --verify undo | jq .saved_bytes
}

# Killed in the middle of one thing after the other, and then not: saving, writing
# to the origin, taking out of the table, saving what more there is.
cut_again_and_again() {
	local call
	for call in io_uring_enter:when=12 pwrite64:when={100,262} fsync:when=7; do
		run -137 cut_at KILL "$call" "$PSNAP" merge --batch=1M \
			--undo=undo store origin
	done
	silent 0 psnap_merge --batch=1M --undo=undo store origin
}

@test "what the undo file has is not saved again" {
	need_strace
	local whole
	large_pair
	silent 0 psnap_merge --batch=1M --undo=undo store origin
	whole=$(saved_bytes)
	silent 0 psnap_undo undo
	is_as_before
	rm undo

	cut_again_and_again
	# Of the table the last sector is saved again, and a sample that was
	# overwritten.
	[[ $(saved_bytes) -ge $whole ]]
	[[ $(saved_bytes) -lt $((whole + whole / 50)) ]]
	silent 0 psnap_undo undo
	is_as_before
}

@test "room that was enough for an undo file is enough for going on with it" {
	((EUID == 0)) || skip "needs root to mount"
	need_strace
	local need left
	large_pair
	mkdir small
	mount -t tmpfs -o size=64k none small || skip "mounting is not allowed"
	expect 8 psnap_merge --batch=1M --undo=small/undo store origin ||
		need=none
	[[ $stderr =~ 'may need '([0-9]+)' bytes' ]] && need=${BASH_REMATCH[1]}
	umount small
	is_as_before

	# In pages.
	mount -t tmpfs -o "size=$((need / 4096 * 4096 + 4096))" none small
	ln -s small/undo undo
	cut_again_and_again || need=none
	left=$(df --output=avail -B1 small | tail -n 1)
	[[ $need == none ]] || silent 0 psnap_undo undo || need=none
	umount small
	((left < need / 20))
	is_as_before
}

# Merged with room for as much more as was asked for, and no page more: single
# chunks that are left behind one long run, whose records are the fewest.
@test "the room that is asked for to go on is enough" {
	((EUID == 0)) || skip "needs root to mount"
	need_strace
	local text need free
	printf '%s\n' 'chunk 512' 'scatter 12000 90000 7' 'alloc 90000 12000' \
		'data pattern' | store store
	head -c $((102000 * 512)) /dev/urandom >origin
	sha256sum store origin >sum
	mkdir small
	mount -t tmpfs -o size=16M none small || skip "mounting is not allowed"
	ln -s small/undo undo
	run -137 cut_at KILL fsync:when=8 "$PSNAP" merge --batch=768K \
		--undo=undo store origin || true
	dd if=/dev/zero of=small/full bs=1M status=none || true
	expect 8 psnap_merge --batch=768K --undo=undo store origin || true
	text=$stderr
	if [[ $text =~ 'may need '([0-9]+)' bytes and '([0-9]+)' are free; ' ]]; then
		need=${BASH_REMATCH[1]} free=${BASH_REMATCH[2]}
		truncate --size=-$(((need - free) / 4096 * 4096 + 4096)) small/full
		silent 0 psnap_merge --batch=768K --undo=undo store origin || text=
		silent 0 psnap_undo undo || text=
	fi
	umount small
	[[ -n $need && -n $text ]]
	((need > 6000000))
	is_as_before
}

@test "an interruption while old data is saved is told as any other" {
	need_strace
	local when
	large_pair
	for when in 4 1; do
		expect 32 cut_at INT "io_uring_enter:when=$when" "$PSNAP" merge \
			--batch=16M --undo=undo store origin
		[[ $stderr == *': interrupted; 0 of 3000 exceptions are merged, nothing is lost: run the same '* ]]
		[[ $(sha256sum <origin) == "$(sed -n 's/origin$/-/p' sum)" ]]
	done
	silent 0 psnap_merge --undo=undo store origin
	silent 0 psnap_undo undo
	is_as_before
}
