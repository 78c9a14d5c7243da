#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge --range and --exclude: the chunks that were asked for are merged,
# no byte of any other is touched, the rest stays in a store that is sound, and
# all of it can be merged later.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge

# merges N LEFT "FIRST END..." OPTION...: N exceptions of the pair are merged,
# those of the chunks [FIRST, END); the report says LEFT of the others.
merges() {
	local count=$1 left=$2 chunks=$3 sums
	shift 3
	cp store.before store
	cp origin.before origin
	silent 0 psnap_merge "$@" store origin
	[[ ${lines[0]} == "merged      $count exception"* ]]
	if ((count < 16)); then
		[[ ${lines[2]} == "left        $((16 - count)) exception"*" ($left)" ]]
		[[ ${lines[3]} == "store       valid, $((16 - count)) exception"*' left' ]]
	else
		[[ ${lines[2]} == 'store       valid and empty' ]]
	fi
	# shellcheck disable=SC2086 # several numbers
	only_changed $chunks
	view_is_the_same
	store_has_left $((16 - count))
	# The same again is nothing to do, and what is left can be merged.
	sums=$(sum_of store)$(sum_of origin)
	silent 0 psnap_merge "$@" store origin
	[[ $output == $'merged      0 exceptions in 0 runs\ncopied      0 bytes'* ]]
	[[ $(sum_of store)$(sum_of origin) == "$sums" ]]
	silent 0 psnap_merge store origin
	cmp origin view
	is_empty_store store
}

@test "--range merges the chunks that lie wholly in it" {
	pair
	remember
	# Chunks 3 to 13 and 24 to 28 have exceptions; 8 sectors each.
	merges 1 'not asked for 15' '3 4' --range 24..32
	merges 1 'not asked for 15' '3 4' --range=0x18..0x20
	merges 2 'not asked for 14' '3 5' --range=0..40
	merges 4 'not asked for 12' '12 14 24 26' --range=96..208
	merges 0 'not asked for 16' '' --range=0..24
	merges 0 'not asked for 16' '' --range=1000..2000
	merges 16 '' '3 14 24 29' --range=0..18446744073709551615
	# Beyond 64 bits of bytes there is nothing, and nothing goes wrong.
	merges 0 'not asked for 16' '' \
		--range=36028797018963968..36028797018963970
}

@test "a chunk that a range cuts stays, and is counted" {
	pair
	remember
	merges 0 'not asked for 15, partly in a range 1' '' --range=25..32
	merges 0 'not asked for 15, partly in a range 1' '' --range=24..31
	merges 0 'not asked for 15, partly in a range 1' '' --range=28
	merges 1 'not asked for 13, partly in a range 2' '4 5' --range=31..41
}

@test "several ranges are one set, in any order" {
	pair
	remember
	merges 2 'not asked for 14' '3 4 26 27' --range=208..216 --range=24..32
	# Only together they have all of chunk 4.
	merges 1 'not asked for 13, partly in a range 2' '4 5' \
		--range=36..41 --range=31..36
	merges 2 'not asked for 14' '3 5' --range=24..36 --range=28..40
}

@test "--exclude leaves every chunk that has a sector in it" {
	pair
	remember
	merges 15 'not asked for 1' '4 14 24 29' --exclude=24..32
	merges 15 'partly in a range 1' '4 14 24 29' --exclude=31
	merges 14 'partly in a range 2' '5 14 24 29' --exclude 31..33
	merges 2 'not asked for 14' '3 4 5 6' --range=24..48 --exclude=32..40
	merges 0 'not asked for 16' '' --range=24..48 --exclude=0..999
	merges 14 'not asked for 1, partly in a range 1' '4 14 24 28' \
		--exclude=24..32 --exclude=226
	merges 16 '' '3 14 24 29' --exclude=0..24 --exclude=227..999
}

@test "the last chunk of an origin is whole as far as the origin goes" {
	pair
	remember
	# 28 chunks and 3 sectors.
	merges 1 'not asked for 15' '28 29' --range=224..227
	merges 1 'not asked for 15' '28 29' --range=224..999
	merges 0 'not asked for 15, partly in a range 1' '' --range=224..226
	# And one byte of a sector.
	pair
	truncate --size=+1 origin
	remember
	merges 0 'not asked for 15, partly in a range 1' '' --range=224..227
	merges 1 'not asked for 15' '28 29' --range=224..228
	merges 15 'partly in a range 1' '3 14 24 28' --exclude=227
}

# 3000 exceptions in disorder in 94 areas, in chunks of one sector.
scattered() {
	printf '%s\n' 'chunk 512' 'scatter 3000 4000 7' 'data pattern' |
		store store
	head -c 2047800 /dev/urandom >origin
	remember
	parts=(--range=96..1600 --exclude=800..808 --range=3200..9999
		--exclude=1000)
	cp origin wanted
	# In sectors: [96, 800), [808, 1000), [1001, 1600), [3200, end).
	local part
	for part in '96 704' '808 192' '1001 599' '3200 800'; do
		dd if=view of=wanted bs=512 skip="${part% *}" seek="${part% *}" \
			count="${part#* }" conv=notrunc status=none
	done
}

@test "parts of a large table in disorder, with batches of any size" {
	local left size
	scattered
	silent 0 psnap_merge --dry-run "${parts[@]}" store origin
	left=${lines[2]#would leave }
	[[ $left == *' exceptions (not asked for '* && ${left%% *} -gt 500 ]]
	for size in 512 4096 100000 64M; do
		cp store.before store
		cp origin.before origin
		silent 0 psnap_merge --batch=$size "${parts[@]}" store origin
		[[ ${lines[2]} == "left        $left" ]]
		cmp origin wanted
		view_is_the_same
		expect 0 psnap_check --all-areas store origin
		[[ $output == *$'\nmerge:   safe'* ]]
		silent 0 psnap_merge "${parts[@]}" store origin
		[[ $output == 'merged      0 exceptions in 0 runs'* ]]
		silent 0 psnap_merge --batch=$size store origin
		cmp origin view
		is_empty_store store
	done
}

@test "a part of a merge that was cut anywhere goes on" {
	need_strace
	local when cuts=0
	scattered
	for when in 1 2 3 4 5 7 8 11 14 15 20 30 41; do
		cp store.before store
		cp origin.before origin
		run cut_at KILL "fsync:when=$when" "$PSNAP" merge \
			--batch=256K "${parts[@]}" store origin
		((status == 0)) || cuts=$((cuts + 1))
		# An exception may stand in the table twice now.
		silent 0 psnap_merge -q --target=shown store origin
		cmp shown view
		rm shown
		run psnap_check --output=json store origin
		jq -e .verdict.safe_to_merge <<<"$output"
		silent 0 psnap_merge "${parts[@]}" store origin
		cmp origin wanted
		view_is_the_same
		expect 0 psnap_check --all-areas store origin
	done
	((cuts >= 8))
}

@test "a part of a merge can be undone" {
	local size
	scattered
	for size in 4096 100000 64M; do
		silent 0 psnap_merge --undo=undo --batch=$size "${parts[@]}" \
			store origin
		cmp origin wanted
		view_is_the_same
		silent 0 psnap_undo undo
		cmp store store.before
		cmp origin origin.before
		rm undo
	done
}

@test "--keep-store, --skip-equal and --verify go together with a range" {
	pair
	remember
	silent 0 psnap_merge --keep-store --range=24..40 store origin
	[[ $output == *$'\nleft        14 exceptions (not asked for 14)\nstore       kept' ]]
	only_changed 3 5
	cmp store store.before
	silent 0 psnap_merge --skip-equal --verify --range=24..40 store origin
	[[ ${lines[1]} == 'copied      0 bytes' ]]
	[[ ${lines[2]} == 'equal       8192 bytes '* ]]
	only_changed 3 5
	store_has_left 14
}

@test "--dry-run says what would be left, and changes nothing" {
	pair
	for file in store origin; do
		untouched $file psnap_merge -n --range=24..42 store origin
		((status == 0))
		[[ ${lines[0]} == 'would merge 2 exceptions in 1 run' ]]
		[[ ${lines[1]} == 'would copy  8192 bytes in at most 1 batch' ]]
		[[ ${lines[2]} == 'would leave 14 exceptions (not asked for 13, partly in a range 1)' ]]
		[[ ${lines[3]} == 'verdict     safe to merge' ]]
	done
}

@test "the JSON document counts what was left, by reason" {
	pair
	psnap_merge --output=json -n --range=24..42 store origin >dry
	psnap_merge --output=json --range=24..42 store origin >doc
	fits merge dry doc
	jq -e '.plan.left == {not_asked: 13, partly: 1, unrescued: 0,
			unreadable: 0}
		and .plan.exceptions == 2' dry doc
	jq -e '.result == null' dry
	jq -e '.result.left == .plan.left and .result.exceptions == 2
		and .result.exceptions_left == 14 and .result.left_runs == []
		and .exit_status == 0' doc
}

@test "a part of an invalid snapshot stays invalid" {
	corpus overflow .
	mv overflow.cow store
	mv overflow.origin origin
	remember
	expect 0 psnap_merge --accept-invalid --exclude=0..8192 store origin
	[[ $output == *$'\nstore       still marked invalid, '[1-9]*' exceptions left' ]]
	view_is_the_same
	run cmp -s origin origin.before
	((status == 1))
	expect 0 psnap_check --ignore=snapshot-invalid store origin
}

@test "ranges that are none are refused" {
	pair
	name=psnap-merge
	sha256sum store origin >sum
	for option in --range --exclude; do
		for value in '' - .. 1.. ..2 5..5 5..4 1...2 1..2..3 -1..2 1,2 4K \
			1s a..b 1..99999999999999999999 18446744073709551615; do
			refused "$option" "$PSNAP" merge "$option=$value" \
				store origin
			refused "'$value'" "$PSNAP" merge "$option" "$value" \
				store origin
		done
		refused 'is empty' "$PSNAP" merge "$option=7..7" store origin
		refused 'value is missing' "$PSNAP" merge store origin "$option"
	done
	sha256sum --check --quiet sum
}
