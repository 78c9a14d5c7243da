#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge --salvage: what cannot be read stays in the store and is told, the
# rest is merged, and nothing that was never read gets to the origin.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge

# The pair: origin chunks 3 to 13 have their data in store chunks 2 to 12,
# 24 to 28 in 20 to 24. Its table is store chunk 1.

@test "an unreadable chunk ends the merge, and the message names --salvage" {
	need_bad_sectors
	pair
	remember
	for options in '' --verify --skip-equal --batch=4K --target=new; do
		# shellcheck disable=SC2086 # no word on purpose
		expect 8 with_bad store 20992-21504 "$PSNAP" merge $options \
			store origin
		[[ -z $output && ! -e new ]]
		[[ $stderr == 'psnap-merge: store: byte 20992: cannot read: '* ]]
		[[ $stderr == *'--salvage leaves such exceptions in the store and merges the rest' ]]
		[[ $stderr != *$'\n'* ]]
		view_is_the_same
	done
	# Another failure has no such way out.
	cp store.before store
	expect 8 with_bad origin 60000-60480 "$PSNAP" merge --target=new \
		store origin
	[[ $stderr == 'psnap-merge: origin: byte 60000: cannot read: '* ]]
	[[ $stderr != *--salvage* && ! -e new ]]
	cmp store store.before
}

# salvages BAD REPORT "FIRST END..." "LINE..." [OPTION...]: the chunks [FIRST,
# END) of the origin are merged; there is a LINE "sectors A..B" on standard
# error for each run that is left.
salvages() {
	local ranges=$1 report=$2 chunks=$3 told=$4 line lines_told
	shift 4
	cp store.before store
	cp origin.before origin
	expect 4 with_bad store "$ranges" "$PSNAP" merge --salvage "$@" \
		store origin
	[[ $output == *$'\nleft        '"$report"$'\n'* ]]
	mapfile -t lines_told <<<"$stderr"
	for line in "${lines_told[@]}"; do
		[[ $line == 'psnap-merge: store: left: origin sectors '*': byte '*': cannot read: '* ]]
		line=${line#*sectors }
		[[ $told == "${line%%:*}"* ]]
		told=${told#"${line%%:*}"}
		told=${told# }
	done
	[[ -z $told ]]
	# shellcheck disable=SC2086 # several numbers
	only_changed $chunks
	view_is_the_same
	store_has_left "${report%% *}"
	# When the disk can be read again, the rest is merged.
	silent 0 psnap_merge store origin
	cmp origin view
	is_empty_store store
}

@test "--salvage leaves what cannot be read, and merges the rest" {
	need_bad_sectors
	pair
	remember
	# One sector of a chunk, at its start, in it, at its end.
	for bad_bytes in 20480-20992 21504-22016 24064-24576; do
		salvages $bad_bytes '1 exception (unreadable 1)' \
			'3 6 7 14 24 29' 48..56
	done
	# In two chunks, and several in one.
	salvages 24064-25088 '2 exceptions (unreadable 2)' '3 6 8 14 24 29' \
		48..64
	salvages '20480-20992 22016-22528' '1 exception (unreadable 1)' \
		'3 6 7 14 24 29' 48..56
	# A whole run, and one chunk of the other.
	salvages 8192-53248 '11 exceptions (unreadable 11)' '24 29' 24..112
	salvages '8192-8704 90112-90624' '2 exceptions (unreadable 2)' \
		'4 14 24 26 27 29' '24..32 208..216'
	# The last chunk of the origin: three sectors.
	salvages 98304-98816 '1 exception (unreadable 1)' '3 14 24 28' 224..227
	# Everything.
	salvages 8192-999999 '16 exceptions (unreadable 16)' '' \
		'24..112 192..227'
}

@test "--salvage goes together with other options" {
	need_bad_sectors
	pair
	remember
	for option in --batch=4K --batch=12K --skip-equal --verify; do
		salvages 20480-28672 '2 exceptions (unreadable 2)' \
			'3 6 8 14 24 29' 48..64 $option
	done
	salvages 20480-20992 '14 exceptions (not asked for 13, unreadable 1)' \
		'5 6 7 8' 48..56 --range=40..64
	# Nothing is lost of what was not asked for.
	cp store.before store
	cp origin.before origin
	silent 0 with_bad store 20480-20992 "$PSNAP" merge --salvage \
		--exclude=48..56 store origin
	store_has_left 1
	# Both can be put back.
	cp store.before store
	cp origin.before origin
	expect 4 with_bad store 20480-20992 "$PSNAP" merge --salvage \
		--undo=undo store origin
	silent 0 psnap_undo undo
	cmp store store.before
	cmp origin origin.before
}

@test "what cannot be read and is not needed is no reason to complain" {
	need_bad_sectors
	pair
	remember
	# Between the two runs, and behind the end of the origin.
	for bad_bytes in 53248-81920 99840-102400; do
		cp store.before store
		cp origin.before origin
		silent 0 with_bad store $bad_bytes "$PSNAP" merge store origin
		cmp origin view
	done
}

@test "-q leaves the exit status alone to say that data is lost" {
	need_bad_sectors
	pair
	expect 4 with_bad store 20480-20992 "$PSNAP" merge -q --salvage \
		store origin
	[[ -z $output && -z $stderr ]]
}

@test "the JSON document has the runs whose data is lost" {
	need_bad_sectors
	pair
	run -4 --separate-stderr with_bad store '20480-28672 90112-90624' \
		"$PSNAP" merge --output=json --salvage store origin
	printf '%s\n' "$output" >doc
	fits merge doc
	jq -e '.exit_status == 4 and .plan.left.unreadable == 0
		and .result.left == {not_asked: 0, partly: 0, unrescued: 0,
			unreadable: 3}
		and .result.exceptions == 13 and .result.exceptions_left == 3
		and (.result.left_runs_truncated | not)
		and ([.result.left_runs[] | del(.message)] == [
			{old_chunk: 6, new_chunk: 5, chunks: 2,
				reason: "unreadable"},
			{old_chunk: 26, new_chunk: 22, chunks: 1,
				reason: "unreadable"}])
		and (.result.left_runs[0].message
			| startswith("byte 20480: cannot read: "))' doc
}

@test "at most 1000 runs are in the JSON document, all on standard error" {
	need_bad_sectors
	printf '%s\n' 'chunk 16K' 'scatter 1020 9000 7' 'data pattern' |
		store store
	truncate --size=$((9000 * 16384)) origin
	runs=$(psnap_dump --output=json store | jq .table.records)
	((runs > 1000))
	run -4 --separate-stderr with_bad store 32768-99999999 \
		"$PSNAP" merge --output=json --salvage store origin
	printf '%s\n' "$output" >doc
	fits merge doc
	jq -e '.result.left.unreadable == 1020 and .result.exceptions == 0
		and (.result.left_runs | length) == 1000
		and .result.left_runs_truncated' doc
	[[ $(grep -c ': left: origin sectors ' <<<"$stderr") -gt 1000 ]]
	expect 4 with_bad store 32768-99999999 "$PSNAP" merge --salvage store \
		origin
	[[ $output == *'unreadable 1020)'* ]]
	is_zero origin
}

# The file FILE is nothing but zeros.
is_zero() {
	cmp -n "$(stat --format=%s "$1")" "$1" /dev/zero
}
