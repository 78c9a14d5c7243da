#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What psnap check says. Which damage leads to which finding is for the golden
# cases; here a few stand for all.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers
load check

# --- the report -------------------------------------------------------------

@test "a sound store has a summary and nothing else" {
	sound_store store
	silent 0 psnap_check store
	diff - <(printf '%s\n' "$output") <<-'END'
		store:   store, 16777216 bytes
		header:  valid 1, version 1, chunk size 8 sectors (4096 bytes)
		table:   5 exceptions in 2 runs, last area 0
		status:  56/32768 16
		state:   active
		kernel:  loads
		merge:   safe
	END
}

@test "of a store that a kernel made the report has the kernel's numbers" {
	corpus use-4k .
	# 1240 sectors less header and area, 8 to a chunk, no holes: 153.
	silent 0 psnap_check use-4k.cow use-4k.origin
	[[ $output == *'header:  valid 1, version 1, chunk size 8 sectors'* ]]
	[[ $output == *'table:   153 exceptions in '*' runs, last area 0'* ]]
	[[ $output == *'status:  1240/32768 16'* ]]
	[[ $output == *$'state:   active\nkernel:  loads\nmerge:   safe' ]]
}

@test "a finding is a line with severity, id, place and text, then a blank" {
	printf '%s\n' 'chunk 4K' 'size 4M' 'exc 0 2' 'set 0 1 1 258' \
		'set 0 2 2 3' | store store
	silent 4 psnap_check store
	[[ $output == *'error new-chunk-in-metadata: byte 4112, area 0 entry 1: new chunk 258 is '* ]]
	[[ $output == *$'\n\nstore:   store, 4194304 bytes\n'* ]]
	# No line but these begins so.
	run grep -cE '^(note|warning|error|fatal) ' <<<"$output"
	local findings=$output
	expect 4 psnap_check --output=json store
	[[ $(field '.findings | length') == "$findings" ]]
}

@test "a finding in the origin says so" {
	truncate --size=8K origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 7 3' | store store
	silent 0 psnap_check store
	silent 4 psnap_check store origin
	[[ $output == *'error old-chunk-out-of-range: '* ]]
	silent 4 psnap_check --output=json store origin
	[[ $(field .origin.name) == origin ]]
	[[ $(field .origin.size_bytes) == 8192 ]]
	[[ $(field '.counts["old-chunk-out-of-range"]') == 1 ]]
}

@test "an invalid store has a status of Invalid, and keeps its numbers" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'header valid=0' 'exc 0 2 3' |
		store store
	silent 4 psnap_check store
	[[ $output == *$'\nstatus:  Invalid\nstate:   invalid\n'* ]]
	expect 4 psnap_check --output=json store
	[[ $(field .usage.status) == Invalid ]]
	[[ $(field .usage.allocated_sectors) == 40 ]]
	[[ $(field .verdict.safe_to_merge) == false ]]
}

@test "DO NOT ACTIVATE is the last line for a store that would be formatted" {
	printf '%s\n' 'chunk 4K' 'size 1M' noheader 'exc 0 2' | store store
	silent 4 psnap_check store
	[[ ${lines[-1]} == 'DO NOT ACTIVATE: the kernel would take this for a new snapshot and overwrite it' ]]
	[[ $output == *$'kernel:  formats\n'* ]]
	expect 4 psnap_check --output=json store
	[[ $(field .verdict.do_not_activate) == true ]]
	[[ $(field .verdict.kernel) == formats ]]
	silent 4 psnap_check --chunk-size=4K store
	[[ ${lines[-1]} == 'DO NOT ACTIVATE: '* ]]
}

@test "a blank device may be activated: nothing is lost" {
	truncate --size=1M store
	silent 0 psnap_check store
	[[ $output != *'DO NOT ACTIVATE'* ]]
	[[ $output == *$'state:   blank\nkernel:  formats\n'* ]]
	silent 0 psnap_check --output=json store
	[[ $(field .verdict.do_not_activate) == false ]]
}

# verdict STATUS STATE KERNEL SAFE <RECIPE, with an id that must be found
# behind.
verdict() {
	store store
	expect "$1" psnap_check --output=json store
	printf '%s\n' "$output" >doc
	fits check doc
	[[ $(field .verdict.exit_status) == "$1" ]]
	[[ $(field .verdict.state) == "$2" ]]
	[[ $(field .verdict.kernel) == "$3" ]]
	[[ $(field .verdict.safe_to_merge) == "$4" ]]
	[[ -z ${5:-} || $(field ".counts[\"$5\"]") -ge 1 ]]
	# The three forms tell the same.
	expect "$1" psnap_check --output=ndjson store
	printf '%s\n' "$output" >lines
	fits ndjson lines
	jq -sS '(.[0] + .[-1] | del(.type))
		+ { findings: [.[1:-1][] | del(.type)] }' lines >joined
	jq -S . doc | diff - joined
	expect "$1" psnap_check store
	[[ $output == *"state:   $2"$'\n'"kernel:  $3"$'\n'merge:* ]]
	expect "$1" psnap_check -q store
	[[ -z $output ]]
}

@test "documents about sound stores fit the schema and tell the verdict" {
	verdict 0 active loads true <<<$'chunk 4K\nsize 1M\nexc 0 2 9'
	verdict 0 empty loads true <<<$'chunk 4K\nsize 1M'
	verdict 0 blank formats false <<<$'chunk 4K\nsize 1M\nnoheader'
	verdict 0 active loads true valid-odd \
		<<<$'chunk 4K\nsize 1M\nheader valid=7\nexc 0 2'
	verdict 0 active loads true device-tail-partial \
		<<<$'chunk 4K\nsize 1025K\nexc 0 2'
	verdict 0 active loads true stale-areas \
		<<<$'chunk 512\nsize 1M\nexc 0 2 9\nset 3 0 7 8'
	verdict 0 active loads true holes <<<$'chunk 4K\nsize 1M\nexc 0 9'
	verdict 0 active loads true out-of-order \
		<<<$'chunk 4K\nsize 1M\nexc 0 3\nexc 1 2'
	verdict 0 active loads true store-full <<<$'chunk 512\nexc 0 2 31'
	verdict 0 active loads true cve-2013-4299-imminent \
		<<<$'chunk 512\nsize 1M\nexc 0 2 32'
}

@test "documents about damaged stores fit the schema and tell the verdict" {
	verdict 4 not-a-store refuses false magic-bad \
		<<<$'chunk 4K\nsize 1M\nrandom 0 1M 1'
	verdict 4 damaged refuses false version-unknown \
		<<<$'chunk 4K\nsize 1M\nheader version=2\nexc 0 2'
	verdict 4 damaged refuses false chunk-size-bad \
		<<<$'chunk 4K\nsize 1M\nheader chunk=7\nexc 0 2'
	verdict 4 damaged formats false magic-zero \
		<<<$'chunk 4K\nsize 1M\nheader magic=0\nexc 0 2'
	verdict 4 invalid loads false snapshot-invalid \
		<<<$'chunk 4K\nsize 1M\nheader valid=0\nexc 0 2'
	verdict 4 damaged loads false duplicate-old \
		<<<$'chunk 4K\nsize 1M\nexc 0 2\nexc 0 3'
	verdict 4 damaged loads false duplicate-new \
		<<<$'chunk 4K\nsize 1M\nexc 0 2\nexc 1 2'
	verdict 4 damaged loads false new-chunk-out-of-range \
		<<<$'chunk 4K\nsize 1M\nexc 0 2\nexc 1 9999'
	verdict 4 damaged loads false store-truncated \
		<<<$'chunk 4K\nsize 1M\nexc 0 2 200\ntruncate 400K'
	verdict 4 damaged loads false new-chunk-huge \
		<<<$'chunk 4K\nsize 1M\nset 0 0 0 0xffffffffffffffff'
	verdict 4 damaged loads false new-chunk-huge \
		<<<$'chunk 4K\nsize 1M\nset 0 0 0 0x100000000000000'
	verdict 4 damaged loads false new-chunk-in-metadata \
		<<<$'chunk 4K\nsize 1M\nset 0 0 0 1'
	verdict 4 damaged refuses false area-missing-successor \
		<<<$'chunk 512\nexc 0 2 32\ntruncate 17408'
	verdict 4 active loads true entries-after-terminator \
		<<<$'chunk 4K\nsize 1M\nexc 0 2\nset 0 9 9 9'
}

@test "documents about the corpus fit the schema, with the kernel's numbers" {
	local numbers merged
	while read -r case; do
		corpus "$case" .
		run --separate-stderr psnap_check --output=json "$case.cow" \
			"$case.origin"
		[[ $status == [04] && -z $stderr ]]
		printf '%s\n' "$output" >doc
		fits check doc
		numbers=$(sed -n 's/^kernel-status .* snapshot //p' \
			"$TESTS/corpus/$case/expected")
		echo "$case: $numbers"
		[[ -n $numbers && $(field .usage.status) == "$numbers" ]]
		# What the kernel merged to the end was safe to merge.
		merged=$(sed -n 's/^merge-status .* snapshot-merge //p' \
			"$TESTS/corpus/$case/expected" | tail -n 1)
		[[ $merged == Invalid ]] ||
			[[ $(field .verdict.safe_to_merge) == true ]]
		rm "$case.cow" "$case.origin"
	done < <(corpus_cases)
	[[ -n $case || -s doc ]]
}
