#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap undo: an undo file that is none, is damaged, or was made for others is
# refused, and so is one that has no place.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load undo

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# refuses STATUS TEXT ARGUMENTS...: and no file is touched.
refuses() {
	local want=$1 text=$2 before after
	shift 2
	before=$(state_of store origin undo)
	expect "$want" psnap_undo "$@"
	after=$(state_of store origin undo)
	[[ -z $output && $stderr == *"$text"* && $after == "$before" ]]
}

@test "other devices than those it was made for are refused" {
	merged
	cp store other-store
	cp origin other-origin
	# Of the same size, but with another beginning or middle.
	for offset in 4000 61440 94210; do
		cp origin changed
		printf chan | dd of=changed bs=1 seek="$offset" \
			conv=notrunc status=none
		refuses 4 'psnap-undo: undo: ' undo store changed
	done
	head -c 116225 /dev/urandom >changed
	refuses 4 'psnap-undo: undo: ' undo store changed
	refuses 4 'psnap-undo: undo: ' -n undo store changed
	truncate --size=116224 changed
	refuses 4 '116225' undo store changed
	printf '%s\n' 'chunk 8K' 'size 1M' | store changed
	refuses 4 'psnap-undo: undo: ' undo changed origin
	refuses 4 'psnap-undo: undo: ' undo origin store
	# A copy of both is as good.
	silent 0 psnap_undo undo other-store other-origin
	cmp -s other-origin origin && return 1
	mv other-store store
	mv other-origin origin
	is_as_before
}

# Every chunk of the origin is merged, so that nothing of it is as before.
@test "an origin that was written to since the merge is refused" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'alloc 0 29' 'data pattern' |
		store store
	head -c $((28 * 4096 + 1537)) /dev/urandom >origin
	sha256sum store origin >sum
	silent 0 psnap_merge --undo=undo store origin
	cp origin merged-origin
	# As mounting ext4 does, in both sectors of its superblock.
	for offset in 1072 2044; do
		printf new | dd of=origin bs=1 seek=$offset conv=notrunc \
			status=none
	done
	refuses 4 'was written to since' undo
	head -c $((28 * 4096 + 1537)) /dev/urandom >origin
	refuses 4 'is not the device' undo
	expect 4 psnap_merge --undo=undo store origin
	mv merged-origin origin
	silent 0 psnap_undo undo
	is_as_before
}

@test "a damaged or shortened undo file is refused as a whole" {
	local size at
	merged
	size=$(stat --format=%s undo)
	cp undo whole
	# The length that the last record says, too.
	for at in 12 100 16384 16390 16450 $((size / 2)) $((size - 300)) \
		$((size - 1)); do
		cp whole undo
		printf '\125' | dd of=undo bs=1 seek=$at conv=notrunc status=none
		refuses 4 'is damaged' undo store origin
		refuses 4 'is damaged' --dry-run undo store origin
		refuses 4 'is damaged' --verify undo
		expect 4 psnap_merge --undo=undo store origin
		[[ $stderr == *'is damaged'* ]]
	done
	for at in $((size - 1)) $((size - 300)) 30000 16384 12000; do
		head -c $at whole >undo
		refuses 4 'is damaged' undo store origin
		refuses 4 'is damaged' --verify undo
	done
	mv whole undo
	silent 0 psnap_undo undo
	is_as_before
}

@test "a merge never goes on with the undo file of other devices" {
	merged
	sha256sum undo >undo.sum
	pair
	for option in '' --keep-store; do
		# shellcheck disable=SC2086 # no word on purpose
		expect 4 psnap_merge --undo=undo $option store origin
		[[ -z $output && $stderr == 'psnap-merge: undo: '* ]]
		is_as_before
		sha256sum --check --quiet undo.sum
	done
}

@test "a file that is no undo file is refused and left alone" {
	merged
	cp undo whole
	for damage in 'tail -c +2' 'tail -c +16385' 'tr p q' 'cat store'; do
		$damage <whole >undo
		refuses 4 'psnap-undo: undo: ' undo store origin
		refuses 4 'psnap-undo: undo: ' --verify undo
	done
	# Nor does a merge write to it.
	pair
	for damage in 'tail -c +2' 'tr p q' 'echo text' 'head -c 13000'; do
		$damage <whole >undo
		sha256sum undo >undo.sum
		expect 4 psnap_merge --undo=undo store origin
		[[ $stderr == 'psnap-merge: undo: '* ]]
		is_as_before
		sha256sum --check --quiet undo.sum
	done
}

@test "an undo file that was cut while it was made is made anew" {
	local text='nothing had been overwritten yet'
	pair
	silent 0 psnap_merge --keep-store --undo=undo store origin
	silent 0 psnap_undo undo
	cp undo whole
	for bytes in 0 8 512 4096 8191 8192; do
		head -c $bytes whole >undo
		refuses 4 "$text" undo store origin
		refuses 4 "$text" --verify undo
		silent 0 psnap_merge --undo=undo store origin
		silent 0 psnap_undo undo
		is_as_before
	done
	# The length is there before the content is.
	rm undo
	truncate --size=16384 undo
	refuses 4 "$text" undo store origin
	silent 0 psnap_merge --undo=undo store origin
	silent 0 psnap_undo undo
	is_as_before
}

@test "an undo file cannot be the store, the origin, or no regular file" {
	pair
	name=psnap-merge
	ln store hard-link
	ln -s origin symlink
	mkdir directory
	mkfifo fifo
	for file in store ./store hard-link origin symlink; do
		refused 'is the ' "$PSNAP" merge --undo="$file" store origin
		is_as_before
	done
	for file in directory /dev/null missing/undo store/undo; do
		expect 8 psnap_merge --undo="$file" store origin
		[[ -z $output && $stderr == "psnap-merge: $file: "* ]]
		is_as_before
	done
	expect 8 timeout 20 "$PSNAP" merge --undo=fifo store origin
	is_as_before
}

@test "a merge that is refused leaves no undo file" {
	corpus overflow .
	expect 4 psnap_merge --undo=undo overflow.cow overflow.origin
	[[ ! -e undo ]]
}

@test "operands are counted, and options that exclude each other refused" {
	name=psnap-undo
	refused 'FILE is missing' "$PSNAP" undo
	refused 'four: one operand too many' "$PSNAP" undo one two three four
	refused 'store: one operand too many' "$PSNAP" undo --verify undo store
	refused --verify "$PSNAP" undo --dry-run --verify undo
	refused --dry-run "$PSNAP" undo --verify --dry-run undo
	refused --accept-changed-origin "$PSNAP" undo --verify \
		--accept-changed-origin undo
	refused --chunk-size "$PSNAP" undo --chunk-size=4K undo
	merged
	refused 'are the same' "$PSNAP" undo undo store store
	refused 'undo file itself' "$PSNAP" undo undo undo origin
	for file in missing /dev/null; do
		refuses 8 "psnap-undo: $file: " "$file"
		refuses 8 "psnap-undo: $file: " undo store "$file"
	done
}
