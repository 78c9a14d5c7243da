#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge DELTA ORIGIN: to the origin that it was made against and to no
# other, and again after a cut. Power cuts are in tests/unit/t_delta_apply.c.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# A pair, and the delta between its origin and its view.
made() {
	pair
	remember
	psnap_convert -q -O delta store origin delta
	cp delta delta.before
}
delta_is_unchanged() {
	cmp delta delta.before
}

merges_delta() {
	makes delta delta
	cp delta delta.before
	silent 0 psnap_merge -q delta origin
	[[ -z $output ]]
	cmp origin view
	# Once more, there is nothing to do.
	silent 0 psnap_merge -q delta origin
	cmp origin view
	delta_is_unchanged
	rm delta
}

@test "merging a delta makes of its origin what the snapshot showed" {
	random_pairs merges_delta
}

@test "undo puts the origin back" {
	made
	expect 0 psnap_merge --undo saved delta origin
	[[ $output == *'merged      all, 62976 bytes were written'* ]]
	cmp origin view
	silent 0 psnap_undo --dry-run saved
	[[ $output == *"origin      $PWD/origin, 116224 bytes"* ]]
	[[ $output != *store* ]]
	silent 0 psnap_undo saved
	cmp origin origin.before
	# And by a name that is given.
	silent 0 psnap_merge -q --undo saved2 delta origin
	mv origin elsewhere
	silent 0 psnap_undo -q saved2 elsewhere
	cmp elsewhere origin.before
}

@test "a dry run says what there is to do, and does not" {
	made
	silent 0 psnap_merge --dry-run delta origin
	[[ $output == *'changes     '*' bytes in 2 ranges'* ]]
	[[ $output == *'would merge 123 blocks of 512 bytes, of which 0 are '* ]]
	cmp origin origin.before
	silent 0 psnap_merge --dry-run --output=json delta origin
	echo "$output" >doc.1
	# Half of it is done.
	dd if=view of=origin bs=4096 count=14 conv=notrunc status=none
	silent 0 psnap_merge --dry-run delta origin
	[[ $output == *'of which 88 are merged already'* ]]
	silent 0 psnap_merge --output=json delta origin
	jq -e '.done and .old_blocks == 35 and .new_blocks == 88' <<<"$output"
	echo "$output" >doc.2
	cmp origin view
	fits delta doc.1 doc.2
}

@test "an origin that it was not made against is refused" {
	made
	for at in $((3 * 4096)) 1024; do
		cp origin.before origin
		flip origin "$at"
		cp origin wrong
		refuses_delta 4 '--force-origin takes it all the same'
		cmp origin wrong
		silent 0 psnap_merge -q --force-origin delta origin
		cmp -n 4096 -i $((3 * 4096)) origin view
	done
	cp origin.before origin
	truncate --size=-1 origin
	for option in '' --force-origin; do
		# shellcheck disable=SC2086
		refuses_delta 4 'the delta was made against' $option
	done
}
refuses_delta() { # STATUS TEXT OPTION...
	local want=$1 text=$2 before
	shift 2
	before=$(state_of origin)
	expect "$want" psnap_merge "$@" --undo saved delta origin
	[[ -z $output && $stderr == *"$text"* ]]
	[[ $(state_of origin) == "$before" && ! -e saved ]]
}

@test "a delta that is damaged or was cut is refused before anything is written" {
	made
	size=$(stat --format=%s delta)
	for at in $((size - 1)) 5000; do
		head -c "$at" delta.before >./delta
		refuses_delta 4 'was cut'
	done
	cp delta.before delta
	flip delta $((size - 600))
	refuses_delta 4 'is damaged'
	refuses_delta 4 'is damaged' --force-origin
}

@test "options that are about a store" {
	made
	name=psnap-merge
	for option in --target=new --mapfile=map --origin-mapfile=map --salvage \
		--range=0..8 --exclude=0..8 --keep-store --skip-equal --verify \
		--accept-invalid --batch=1M; do
		refused "${option%%=*}" psnap_merge "$option" delta origin
	done
	refused --force-origin psnap_merge --force-origin store origin
	refused same psnap_merge delta delta
	cmp origin origin.before
}

@test "a merge that was interrupted goes on, and can be undone" {
	need_strace
	large_pair
	remember
	psnap_convert -q -O delta store origin delta
	expect 32 cut_at INT pwrite64:when=4000 "$PSNAP" merge --undo saved \
		delta origin
	[[ $stderr == *'interrupted; nothing is lost: run the same command'* ]]
	run -1 cmp -s origin view
	run -1 cmp -s origin origin.before
	cp origin half
	cp saved saved.half
	silent 0 psnap_merge -q --undo saved delta origin
	cmp origin view
	silent 0 psnap_undo -q saved
	cmp origin origin.before
	mv half origin
	silent 0 psnap_undo -q saved.half
	cmp origin origin.before
}

@test "it is killed, wherever, and the second time finishes" {
	need_strace
	large_pair
	remember
	psnap_convert -q -O delta store origin delta
	for nth in 1 2 1800 4800; do
		cp origin.before origin
		run -137 cut_at KILL pwrite64:when=$nth "$PSNAP" merge -q delta \
			origin
		silent 0 psnap_merge -q delta origin
		cmp origin view
	done
}
