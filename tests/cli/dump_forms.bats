#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What psnap dump prints in each form. What is expected was worked out by hand
# from the recipes.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers
load dump

# --- forms ------------------------------------------------------------------

@test "text has header, runs and sums" {
	sound_store store
	prints <<-'END'
		store       store
		size        16777216 bytes (32768 sectors)
		header      valid 1, version 1
		chunk size  4096 bytes (8 sectors)
		areas       16 of 256 exceptions

		      area  entry             old_chunk             new_chunk    chunks
		         0      0                     0                     2         1
		         0      1                    16                     3         4

		5 exceptions in 2 runs; status 56/32768 16
	END
	psnap_dump store >text
	prints --output=text <text
}

@test "--header-only prints the header and what follows from it" {
	sound_store store
	prints --header-only <<-'END'
		store       store
		size        16777216 bytes (32768 sectors)
		header      valid 1, version 1
		chunk size  4096 bytes (8 sectors)
		areas       16 of 256 exceptions
	END
	silent 0 psnap_dump --header-only --output=json store
	[[ $(field keys_unsorted) == '["psnap","schema_version","psnap_version","store","header","geometry"]' ]]
	printf '%s\n' "$output" >doc
	fits dump doc
	silent 0 psnap_dump --header-only --output=ndjson store
	((${#lines[@]} == 1))
	printf '%s\n' "$output" >doc
	fits ndjson doc
	# An invalid store is shown like any other.
	printf '%s\n' 'chunk 64K' 'size 1M' 'header valid=0' | store store
	silent 0 psnap_dump --header-only store
	[[ $output == *$'\nheader      valid 0, version 1\n'* ]]
}

@test "CSV has a line of names and one for each run" {
	sound_store store
	prints --output=csv <<-'END'
		old_chunk,new_chunk,chunks,area,entry,state
		0,2,1,0,0,live
		16,3,4,0,1,live
	END
	prints --output=csv --exceptions <<-'END'
		old_chunk,new_chunk,chunks,area,entry,state
		0,2,1,0,0,live
		16,3,1,0,1,live
		17,4,1,0,2,live
		18,5,1,0,3,live
		19,6,1,0,4,live
	END
}

@test "JSON has a record on each line, and numbers as in dmsetup status" {
	sound_store store
	prints --output=json <<-'END'
		{"psnap":"dump","schema_version":1,"psnap_version":"0.1.0","store":{"name":"store","size_bytes":16777216},"header":{"magic":1883336275,"valid":1,"version":1,"chunk_size_sectors":8},"geometry":{"chunk_size_bytes":4096,"chunk_size_sectors":8,"exceptions_per_area":256,"chunk_count":4096,"area_count":16,"size_sectors":32768},
		"runs":[
		{"old_chunk":0,"new_chunk":2,"chunks":1,"area":0,"entry":0},
		{"old_chunk":16,"new_chunk":3,"chunks":4,"area":0,"entry":1}
		],
		"table":{"end":"terminator","exceptions":5,"records":2,"last_area":0,"unreadable_bytes":0,"unreadable":[]},
		"usage":{"status":"56/32768 16","allocated_sectors":56,"total_sectors":32768,"metadata_sectors":16,"next_free_chunk":7,"next_chunk_fits":true}}
	END
	silent 0 psnap_dump --output=json --exceptions store
	[[ $(field '.exceptions[2]') == '{"old_chunk":17,"new_chunk":4,"area":0,"entry":2}' ]]
	[[ $(field .table.records) == 5 && $(field .runs) == null ]]
}

@test "ndjson has the same in lines that name their kind" {
	sound_store store
	for option in --quiet --exceptions --crc32 --all --old=1..3; do
		psnap_dump --output=ndjson "$option" store >lines
		fits ndjson lines
		psnap_dump --output=json "$option" store >doc
		fits dump doc
		jq -sS '(.[0] + .[-1] | del(.type)) as $ends
			| (.[1:-1] | map(del(.type))) as $records
			| if .[1].type == "run" or .[1].type == "end"
			  then $ends + { runs: $records }
			  else $ends + { exceptions: $records } end' lines >joined
		jq -S . doc | diff - joined
	done
	silent 0 psnap_dump --output=ndjson store
	[[ ${lines[1]} == '{"type":"run","old_chunk":0,"new_chunk":2,"chunks":1,"area":0,"entry":0}' ]]
	silent 0 psnap_dump --output=ndjson --exceptions store
	[[ ${lines[1]} == '{"type":"exception","old_chunk":0,"new_chunk":2,"area":0,"entry":0}' ]]
}

@test "an empty table has no records in any form" {
	empty_store store
	prints <<-'END'
		store       store
		size        1048576 bytes (2048 sectors)
		header      valid 1, version 1
		chunk size  4096 bytes (8 sectors)
		areas       1 of 256 exceptions

		      area  entry             old_chunk             new_chunk    chunks

		0 exceptions in 0 runs; status 16/2048 16
	END
	csv </dev/null
	for option in --quiet --exceptions; do
		silent 0 psnap_dump --output=json "$option" store
		printf '%s\n' "$output" >doc
		fits dump doc
		[[ $(field '[.runs, .exceptions]') == @('[[],null]'|'[null,[]]') ]]
	done
}

@test "an invalid store has the status Invalid and all numbers" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'header valid=0' 'exc 0 2 3' |
		store store
	silent 0 psnap_dump store
	[[ ${lines[-1]} == '3 exceptions in 1 run; status Invalid' ]]
	silent 0 psnap_dump --output=json store
	[[ $(field .usage.status) == Invalid ]]
	[[ $(field .usage.allocated_sectors) == 40 ]]
	[[ $(field .runs[0].chunks) == 3 ]]
}

@test "documents about the corpus fit the schema, with the kernel's numbers" {
	local numbers
	while read -r case; do
		corpus "$case" .
		silent 0 psnap_dump --output=json "$case.cow"
		printf '%s\n' "$output" >doc
		fits dump doc
		numbers=$(sed -n 's/^kernel-status .* snapshot //p' \
			"$TESTS/corpus/$case/expected")
		echo "$case: $numbers"
		[[ -n $numbers && $(field .usage.status) == "$numbers" ]]
		[[ $(field '[.runs[].chunks] | add // 0') == \
			$(field .table.exceptions) ]]
		rm "$case.cow" "$case.origin"
	done < <(corpus_cases)
	[[ -s doc ]]
}

@test "a table that runs into the end of the device is shown, with status 4" {
	printf '%s\n' 'chunk 512' 'exc 0 2 32' 'truncate 17408' | store store
	silent 4 psnap_dump store
	[[ $output == *'table ends at the device end, without the terminator the kernel needs'* ]]
	[[ $output == *'32 exceptions in 1 run'* ]]
	silent 4 psnap_dump --output=json store
	printf '%s\n' "$output" >doc
	fits dump doc
	[[ $(field .table.end) == device-end ]]
	silent 4 psnap_dump --output=csv store
	[[ ${lines[1]} == 0,2,32,0,0,live ]]
}

@test "what is no store is refused with status 4 and the byte that says so" {
	for damage in noheader 'header magic=1' 'header version=2' \
		'header chunk=7' 'header chunk=0' 'header chunk=0x400000'; do
		printf '%s\n' 'chunk 4K' 'size 1M' "$damage" 'exc 0 2' |
			store store
		for format in text json ndjson csv; do
			complains 4 'psnap-dump: store: byte ' \
				psnap_dump --output="$format" store
			[[ -z $output ]]
		done
		# The table is there, for who knows the chunk size.
		csv --chunk-size=4K <<<0,2,1,0,0,live
	done
}
