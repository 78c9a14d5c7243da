#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap diff: what cannot be compared is refused, and what fails says so.

# run sets stderr, refused reads name, $ of jq; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2016,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load diff

@test "usage errors name what is wrong" {
	small_pair
	cp store second
	name=psnap-diff
	refused 'STORE is missing' psnap_diff
	refused 'ORIGIN is missing' psnap_diff store
	refused 'four: one operand too many' psnap_diff store second origin four
	for size in 0 1 256 511 513 3K 2G 4K4 -4096 ''; do
		refused --blocks psnap_diff --blocks="$size" store origin
	done
	refused '--summary and --blocks' psnap_diff --summary --blocks=4K store \
		origin
	refused --summary psnap_diff --summary --output=csv store origin
	for format in json ndjson csv; do
		refused --blocks psnap_diff --blocks=4K --output=$format store \
			origin
	done
	ln -s store link
	refused 'STORE and ORIGIN are the same' psnap_diff store link
	refused 'both stores are the same' psnap_diff store link origin
	refused 'STORE and ORIGIN are the same' psnap_diff store origin origin
}

@test "a pair that is not sound is refused, and a mark can be accepted" {
	small_pair
	cp store invalid
	printf '\0' | dd of=invalid bs=1 seek=4 conv=notrunc status=none
	for operands in 'invalid origin' 'store invalid origin' \
		'invalid store origin'; do
		# shellcheck disable=SC2086 # several words on purpose
		expect 4 psnap_diff $operands
		[[ -z $output && $stderr == *$'\n'psnap-diff:\ invalid:\ not\ compared:* ]]
		[[ $stderr == *--accept-invalid* ]]
		# shellcheck disable=SC2086
		complains 4 'psnap-diff: invalid: not compared: ' \
			psnap_diff -q --output=csv $operands
		[[ -z $output ]]
	done
	expect 0 psnap_diff --output=csv --accept-invalid invalid origin
	[[ $stderr == *'marked invalid: its 3 exceptions are exact'* ]]
	diff <(ranges view origin) <(echo "$output")
	silent 0 psnap_diff -q --output=csv --accept-invalid invalid origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' | store damaged
	expect 4 psnap_diff --accept-invalid damaged origin
	[[ $stderr == *duplicate-new*'not compared: it is not sound (damaged)'* ]]
	expect 4 psnap_diff --output=json store damaged origin
	[[ $(jq -r '.verdict.state, .other.verdict.state' <<<"$output") == \
		$'active\ndamaged' ]]
}

@test "operands in another order are seen" {
	small_pair
	cp store second
	expect 4 psnap_diff origin store
	[[ $stderr == *'origin: not compared: it is no store, but store is one; '* ]]
	expect 4 psnap_diff store origin second
	[[ $stderr == *'origin: not compared: it is no store, but second is one; '* ]]
	# Two stores, and no word of their origin.
	expect 0 psnap_diff store second
	[[ $stderr == 'psnap-diff: second: taken as an origin, but it is a store '* ]]
	silent 0 psnap_diff -q store second
}

@test "operands that cannot be opened are named" {
	small_pair
	for other in missing . /dev/null; do
		complains 8 "psnap-diff: $other: " psnap_diff store "$other"
		complains 8 "psnap-diff: $other: " psnap_diff "$other" origin
		complains 8 "psnap-diff: $other: " psnap_diff store "$other" origin
	done
}

@test "an output that is full or closed is an error, but not its reader's end" {
	images
	store_of store view origin 512
	to_full() {
		"$@" >/dev/full
	}
	closed() {
		"$@" >&-
	}
	for format in text csv json ndjson; do
		complains 8 'psnap-diff: standard output: ' to_full \
			psnap_diff --output=$format store origin
		complains 8 'psnap-diff: standard output: ' closed \
			psnap_diff --output=$format store origin
	done
	complains 8 'psnap-diff: standard output: ' to_full \
		psnap_diff --blocks=512 store origin
	"$PSNAP" diff --blocks=512 store origin 2>err | head -n 1 >first
	[[ ! -s err && $(<first) == "$(units 512 view origin | head -n 1)" ]]
}

@test "a comparison that is interrupted says so, and has no end" {
	need_strace
	local last when signal
	images
	store_of store view origin 512
	silent 0 strace -qq -o trace -e trace=pread64 "$PSNAP" diff store origin
	last=$(wc -l <trace)
	((last > 40))
	for signal in INT TERM; do
		# In the check of the pair, and while the data is read.
		for when in 12 $((last - 8)); do
			expect 32 cut_at $signal "pread64:when=$when" "$PSNAP" \
				diff --output=json store origin
			[[ $stderr == *': interrupted; '* && \
				$stderr != *$'\n'* ]]
			[[ $output != *totals* ]]
		done
	done
}
