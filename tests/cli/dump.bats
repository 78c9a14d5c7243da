#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What psnap dump prints, in each form and for each option, and the files that
# it writes. What is expected was worked out by hand from the recipes.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers

setup() {
	# run keeps files of its own in the directory above.
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return 1
}

teardown() {
	[[ -z ${pid:-} ]] || kill "$pid" 2>/dev/null || true
	cd /
	[[ ${dir:-} != /dev/shm/* ]] || rm -r "$dir"
}

# prints OPTION... <EXPECTED: that of store, with status 0 and no message.
prints() {
	silent 0 psnap_dump "$@" store
	diff - <(printf '%s\n' "$output")
}

# csv OPTION... <EXPECTED: the same for records as CSV without the first line.
csv() {
	silent 0 psnap_dump --output=csv "$@" store
	diff - <(printf '%s\n' "${lines[@]:1}" | sed '/^$/d')
}

# field FILTER: of the JSON document in $output.
field() {
	jq -rc "$1" <<<"$output"
}

# CRC-32 of standard input, decimal, by gzip.
crc32() {
	gzip -c | tail -c 8 | od -An -t u4 -N 4 --endian=little | tr -d ' '
}

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
		"table":{"end":"terminator","exceptions":5,"records":2,"last_area":0,"unreadable_bytes":0},
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

# --- what is shown ----------------------------------------------------------

# Runs of 100 and 300 chunks; the second crosses from area 0 into area 1, as
# its chunks are in the third group.
crossing_store() {
	printf '%s\n' 'chunk 4K' 'size 16M' 'exc 1000 2 100' \
		'exc 5000 516 250' 'exc 9000 800 3' | store "$1"
}

@test "a run may cross from one area to the next" {
	crossing_store store
	csv <<-'END'
		1000,2,100,0,0,live
		5000,516,250,0,100,live
		9000,800,3,1,94,live
	END
	silent 0 psnap_dump --exceptions --output=csv store
	[[ ${lines[256]} == 5155,671,1,0,255,live ]]
	[[ ${lines[257]} == 5156,672,1,1,0,live ]]
}

@test "numbers that follow each other only on one side are no run" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 5 3' 'exc 6 5' 'exc 8 6' \
		'exc 7 7' 'exc 8 8' | store store
	csv <<-'END'
		5,3,1,0,0,live
		6,5,1,0,1,live
		8,6,1,0,2,live
		7,7,2,0,3,live
	END
	# Nothing follows the last number there is.
	printf '%s\n' 'chunk 4K' 'size 1M' 'set 0 0 0xffffffffffffffff 9' \
		'set 0 1 0 10' | store store
	csv <<-'END'
		18446744073709551615,9,1,0,0,live
		0,10,1,0,1,live
	END
}

@test "--old and --new select chunks and cut runs to fit" {
	crossing_store store
	csv --old=1000..1100 <<<1000,2,100,0,0,live
	csv --old=1010..1020 <<<1010,12,10,0,10,live
	csv --old=1099 <<<1099,101,1,0,99,live
	csv --old=1100..5000 </dev/null
	csv --old=0..1001 <<<1000,2,1,0,0,live
	# Across the border of the areas, and from one run to another.
	csv --old=5150..5160 <<<5150,666,10,0,250,live
	csv --old=5156..5158 <<<5156,672,2,1,0,live
	csv --old=1090..5010 <<-'END'
		1090,92,10,0,90,live
		5000,516,10,0,100,live
	END
	csv --new=2..3 <<<1000,2,1,0,0,live
	csv --new=0..2 </dev/null
	csv --new=0x64..0x208 <<-'END'
		1098,100,2,0,98,live
		5000,516,4,0,100,live
	END
	csv --new=802..18446744073709551615 <<<9002,802,1,1,96,live
}

@test "with both --old and --new a chunk must be in both" {
	crossing_store store
	csv --old=1000..1050 --new=40..200 <<<1038,40,12,0,38,live
	csv --old=1000..1050 --new=52..200 </dev/null
	csv --old=5150..5160 --new=670..672 <<<5154,670,2,0,254,live
	csv --exceptions --old=5155..5157 --new=0..10000 <<-'END'
		5155,671,1,0,255,live
		5156,672,1,1,0,live
	END
}

@test "a selection does not change the sums over the whole table" {
	crossing_store store
	silent 0 psnap_dump --output=json --old=1000 store
	[[ $(field .table.exceptions) == 353 && $(field .table.records) == 1 ]]
	[[ $(field .table.last_area) == 1 ]]
	local usage
	usage=$(field .usage)
	silent 0 psnap_dump --output=json store
	[[ $(field .usage) == "$usage" ]]
}

# Entries 2 and 3 of area 0 are behind the terminator, area 2 is stale.
leftover_store() {
	printf '%s\n' 'chunk 512' 'size 1M' 'exc 7 2' 'set 0 2 40 50' \
		'set 0 3 41 51' 'set 2 0 60 70' 'set 2 1 90 80' | store "$1"
}

@test "--all shows also what the kernel does not read, and marks it" {
	leftover_store store
	csv <<<7,2,1,0,0,live
	csv --all <<-'END'
		7,2,1,0,0,live
		40,50,2,0,2,after-terminator
		60,70,1,2,0,stale
		90,80,1,2,1,stale
	END
	csv --all --exceptions --old=41..61 <<-'END'
		41,51,1,0,3,after-terminator
		60,70,1,2,0,stale
	END
	silent 0 psnap_dump --all store
	[[ $output == *'chunks             state'$'\n'* ]]
	[[ $output == *'         1  after-terminator'* || $output == *'2  after-terminator'* ]]
	silent 0 psnap_dump --all --output=json store
	printf '%s\n' "$output" >doc
	fits dump doc
	[[ $(field '[.runs[].state]') == '[null,"after-terminator","stale","stale"]' ]]
	[[ $(field .table.exceptions) == 1 && $(field .table.records) == 4 ]]
	silent 0 psnap_dump --all --output=ndjson store
	printf '%s\n' "$output" >lines
	fits ndjson lines
}

@test "--all looks to the end of the device" {
	printf '%s\n' 'chunk 512' 'size 64M' 'exc 7 2' 'set 3000 0 60 70' |
		store store
	csv --all <<-'END'
		7,2,1,0,0,live
		60,70,1,3000,0,stale
	END
}

@test "--all does not take data for entries" {
	# In area 1 stands what is no exception in any store of this size.
	printf '%s\n' 'chunk 512' 'size 1M' 'exc 7 2' 'random area:1 512 3' |
		store store
	csv --all <<<7,2,1,0,0,live
}

@test "--crc32 shows the checksum of each chunk's data" {
	local chunk
	for chunk in 512 4096 65536; do
		printf '%s\n' "chunk $chunk" 'size 4M' 'exc 3 2 4' 'exc 50 9' \
			'data pattern' | store store
		for new in 2 3 4 5 9; do
			printf '%08x\n' "$(dd if=store bs="$chunk" skip="$new" \
				count=1 status=none | crc32)"
		done >wanted
		silent 0 psnap_dump --crc32 --output=csv store
		[[ ${lines[0]} == old_chunk,new_chunk,chunks,area,entry,state,crc32 ]]
		sed 1d <<<"$output" | cut -d , -f 7 | diff - wanted
		sed 1d <<<"$output" | cut -d , -f 1 | xargs |
			grep -x '3 4 5 6 50'
		silent 0 psnap_dump --crc32 store
		[[ $output == *'chunks     crc32'$'\n'* ]]
		sed -nE '/^ +[0-9]/s/.* //p' <<<"$output" | diff - wanted
		silent 0 psnap_dump --crc32 --output=json store
		field '.exceptions[].crc32' | xargs printf '%08x\n' |
			diff - wanted
	done
	# Not a word that could be mistaken: different data, different sums.
	[[ $(sort -u wanted | wc -l) -eq 5 ]]
}

@test "--crc32 of a chunk beyond the device is none, with status 8" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 9999' | store store
	expect 8 psnap_dump --crc32 --output=json store
	[[ $(field '[.exceptions[].crc32 | type]') == '["number","null"]' ]]
	[[ $stderr == 'psnap-dump: store: '* ]]
	printf '%s\n' "$output" >doc
	fits dump doc
	expect 8 psnap_dump --crc32 --output=csv store
	[[ ${lines[2]} == 1,9999,1,0,1,live, ]]
	silent 8 psnap_dump -q --crc32 store
}

# --- lookup -----------------------------------------------------------------

# lookup OFFSET LINE LINE: the two answers for a byte of store.
lookup() {
	prints --lookup="$1" <<<"$2"$'\n'"$3"
}

FREE='free: no exception names it'
ORIGIN='not in the store: the snapshot shows the origin'

@test "--lookup answers for the origin and for the store" {
	printf '%s\n' 'chunk 4K' 'size 2M' 'exc 10 2 5' 'exc 2 100' | store store
	# Inside a run, on the first and the last byte of a chunk.
	lookup 40960 \
		'origin byte 40960 (chunk 10): in store chunk 2, byte 8192 (area 0, entry 0)' \
		"store byte 40960 (chunk 10): $FREE"
	lookup 53248 \
		'origin byte 53248 (chunk 13): in store chunk 5, byte 20480 (area 0, entry 3)' \
		"store byte 53248 (chunk 13): $FREE"
	lookup 53247 \
		'origin byte 53247 (chunk 12): in store chunk 4, byte 20479 (area 0, entry 2)' \
		"store byte 53247 (chunk 12): $FREE"
	lookup 61439 \
		'origin byte 61439 (chunk 14): in store chunk 6, byte 28671 (area 0, entry 4)' \
		"store byte 61439 (chunk 14): $FREE"
	lookup 61440 \
		"origin byte 61440 (chunk 15): $ORIGIN" \
		"store byte 61440 (chunk 15): $FREE"
	# Both at once.
	lookup 8200 \
		'origin byte 8200 (chunk 2): in store chunk 100, byte 409608 (area 0, entry 5)' \
		'store byte 8200 (chunk 2): data of origin chunk 10, byte 40968 (area 0, entry 0)'
	lookup 409600 \
		"origin byte 409600 (chunk 100): $ORIGIN" \
		'store byte 409600 (chunk 100): data of origin chunk 2, byte 8192 (area 0, entry 5)'
}

@test "--lookup knows the header, the areas and the end of the device" {
	printf '%s\n' 'chunk 4K' 'size 2M' 'exc 10 2 5' | store store
	lookup 0 "origin byte 0 (chunk 0): $ORIGIN" \
		'store byte 0 (chunk 0): the header'
	lookup 4095 "origin byte 4095 (chunk 0): $ORIGIN" \
		'store byte 4095 (chunk 0): the header'
	lookup 4096 "origin byte 4096 (chunk 1): $ORIGIN" \
		'store byte 4096 (chunk 1): area 0, entry 0'
	lookup 4320 "origin byte 4320 (chunk 1): $ORIGIN" \
		'store byte 4320 (chunk 1): area 0, entry 14'
	lookup 8191 "origin byte 8191 (chunk 1): $ORIGIN" \
		'store byte 8191 (chunk 1): area 0, entry 255'
	# The second area, which the table does not reach: 1 + 257 chunks on.
	lookup 1056769 "origin byte 1056769 (chunk 258): $ORIGIN" \
		'store byte 1056769 (chunk 258): area 1, entry 0'
	lookup 2097151 "origin byte 2097151 (chunk 511): $ORIGIN" \
		"store byte 2097151 (chunk 511): $FREE"
	lookup 2097152 "origin byte 2097152 (chunk 512): $ORIGIN" \
		'store byte 2097152 (chunk 512): beyond the device'
	lookup 0xffffffffffffffff \
		"origin byte 18446744073709551615 (chunk 4503599627370495): $ORIGIN" \
		'store byte 18446744073709551615 (chunk 4503599627370495): beyond the device'
}

@test "--lookup takes sizes and can be given several times" {
	printf '%s\n' 'chunk 4K' 'size 2M' 'exc 10 2 5' | store store
	psnap_dump --lookup=40960 store >one
	for offset in 80s 40K 0xa000; do
		prints --lookup="$offset" <one
	done
	psnap_dump --lookup=1 store >two
	cat one two one >three
	prints --lookup=40K --lookup 1 --lookup=80s <three
}

@test "--lookup lists all entries that claim a chunk" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 4 7 3' 'exc 5 20' 'exc 9 8' |
		store store
	silent 0 psnap_dump --lookup=20480 --lookup=32768 store
	((${#lines[@]} == 4))
	[[ ${lines[0]} == 'origin byte 20480 (chunk 5): claimed by 2 entries: '* ]]
	[[ ${lines[0]} == *'chunk 8, byte 32768 (area 0, entry 1)'*'chunk 20, byte 81920 (area 0, entry 3)' ]]
	[[ ${lines[3]} == 'store byte 32768 (chunk 8): claimed by 2 entries: '* ]]
	[[ ${lines[3]} == *'chunk 5, byte 20480 (area 0, entry 1)'*'chunk 9, byte 36864 (area 0, entry 4)' ]]
	silent 0 psnap_dump --lookup=20480 --lookup=32768 --output=json store
	[[ $(field '[.lookups[0].as_origin.entries[].new_chunk]') == '[8,20]' ]]
	[[ $(field '[.lookups[1].as_store.entries[].old_chunk]') == '[5,9]' ]]
}

@test "--lookup as JSON has the same answers and fits the schema" {
	printf '%s\n' 'chunk 4K' 'size 2M' 'exc 10 2 5' 'exc 1 1' \
		'set 0 8 0 0xffffffffffffffff' 'set 0 6 30 31' 'set 0 7 33 34' |
		store store
	local offsets=() offset
	for offset in 0 4096 8200 40968 61440 2097152 126976 16E-1; do
		[[ $offset == *-* ]] || offsets+=("--lookup=$offset")
	done
	silent 0 psnap_dump --output=json "${offsets[@]}" store
	printf '%s\n' "$output" >doc
	fits dump doc
	[[ $(field '.lookups | length') == 7 ]]
	[[ $(field '[.lookups[].as_store.role]') == \
		'["header","area","data","free","free","beyond-end","data"]' ]]
	[[ $(field '.lookups[2].as_store') == \
		'{"chunk":2,"role":"data","area":null,"entry":null,"entries":[{"old_chunk":10,"origin_offset_bytes":40968,"area":0,"entry":0}]}' ]]
	[[ $(field '.lookups[3].as_origin') == \
		'{"old_chunk":10,"entries":[{"new_chunk":2,"store_offset_bytes":8200,"area":0,"entry":0}]}' ]]
	# An entry that has its data in an area, of all places.
	[[ $(field '.lookups[1].as_store | [.area, .entry, .entries[0].old_chunk]') == '[0,0,1]' ]]
	# A byte that no number can tell.
	[[ $(field '.lookups[0].as_origin.entries[0].store_offset_bytes') == null ]]
	[[ $(field '.lookups[0].as_origin.entries | length') == 1 ]]
	psnap_dump --output=ndjson "${offsets[@]}" store >lines
	fits ndjson lines
	jq -c 'select(.type == "lookup") | del(.type)' lines >one
	field '.lookups[]' | diff - one
	[[ $(wc -l <lines) -eq 8 ]]
}

# --- files ------------------------------------------------------------------

# Only these files are in the directory.
only() {
	diff <(ls -A) <(printf '%s\n' "$@" | sort)
}

@test "--compress to a pipe or a file unpacks to the plain output" {
	sound_store store
	for format in text json ndjson csv; do
		psnap_dump --output="$format" store >plain
		psnap_dump --output="$format" --compress store | gunzip |
			cmp - plain
		silent 0 psnap_dump --output="$format" --compress -o file store
		[[ -z $output ]]
		gunzip <file | cmp - plain
		silent 0 psnap_dump --output="$format" -o file store
		cmp file plain
	done
	printf '%s\n' 'chunk 4K' 'scatter 200000 10000000 1' | store store
	psnap_dump --output=ndjson --exceptions store >plain
	psnap_dump --output=ndjson --exceptions --compress store >packed
	gunzip <packed | cmp - plain
	[[ $(stat -c %s packed) -lt $(($(stat -c %s plain) / 2)) ]]
}

@test "--compress is refused for a terminal" {
	command -v script >/dev/null || skip "no script to make a terminal"
	sound_store store
	run script -qec "'$PSNAP' dump --compress store" /dev/null </dev/null
	((status == 16))
	[[ $output == *'psnap-dump: '*--compress*terminal* ]]
	[[ $output == *"Try 'psnap-dump --help' for more information."* ]]
	run script -qec "'$PSNAP' dump --compress -o file store" /dev/null \
		</dev/null
	((status == 0))
	gunzip <file | cmp - <("$PSNAP" dump store)
}

@test "-o writes what else is printed, and prints nothing" {
	sound_store store
	for format in text json ndjson csv; do
		silent 0 psnap_dump --output="$format" --output-file=file store
		[[ -z $output ]]
		psnap_dump --output="$format" store | cmp - file
	done
	silent 0 psnap_dump --lookup=0 -o file store
	psnap_dump --lookup=0 store | cmp - file
	only file store
}

@test "-o replaces a file in one step and keeps its mode and owner" {
	sound_store store
	echo old >file
	chmod 640 file
	((EUID != 0)) || chown 12:34 file
	local owner inode
	owner=$(stat -c '%u:%g %a' file)
	inode=$(stat -c %i file)
	# Whoever has the old file open keeps it whole.
	exec 5<file
	silent 0 psnap_dump -o file store
	[[ $(cat <&5) == old ]]
	exec 5<&-
	[[ $(stat -c '%u:%g %a' file) == "$owner" ]]
	[[ $(stat -c %i file) != "$inode" ]]
	psnap_dump store | cmp - file
	only file store
}

@test "-o makes new files as the umask says" {
	sound_store store
	for mask in 022 077 027; do
		rm -f file image
		(umask "$mask" && psnap_dump -o file store &&
			psnap_dump --metadata-image=image store)
		[[ $(stat -c %a file) == $(printf %o $((0666 & ~mask))) ]]
		[[ $(stat -c %a image) == $(printf %o $((0666 & ~mask))) ]]
	done
}

@test "-o leaves the old file and nothing else when the dump fails" {
	echo old >file
	printf '%s\n' 'chunk 4K' 'size 1M' noheader 'exc 0 2' | store store
	complains 4 'psnap-dump: store: ' psnap_dump -o file store
	complains 8 'psnap-dump: missing: ' psnap_dump -o file missing
	complains 4 'psnap-dump: ' psnap_dump -o new store
	[[ $(<file) == old ]]
	only file store
	need_file_modes
	sound_store store
	mkdir dir
	chmod 555 dir
	complains 8 'psnap-dump: dir/file: ' \
		unprivileged "$PSNAP" dump -o dir/file store
	[[ -z $(ls -A dir) ]]
}

@test "-o to a file system that is full leaves the old file" {
	((EUID == 0)) || skip "needs root to mount"
	mkdir small
	unshare --mount bash -c 'mount -t tmpfs -o size=64k none small' \
		2>/dev/null || skip "mounting is not allowed"
	printf '%s\n' 'chunk 4K' 'scatter 100000 10000000 1' | store store
	expect 8 unshare --mount bash -c '
		mount -t tmpfs -o size=64k none small && echo old >small/file
		"$0" dump --output=csv -o small/file store; rc=$?
		[[ $(cat small/file) == old && $(ls -A small) == file ]] || exit 1
		"$0" dump --metadata-image=small/file store
		[[ $? == "$rc" && $(cat small/file) == old ]] || exit 2
		[[ $(ls -A small) == file ]] || exit 3
		exit "$rc"' "$PSNAP"
	[[ $stderr == *'small/file: no space left on device'* || \
		$stderr == *'small/file: '*'no space'* ]]
}

# Writing the store over itself would be the end of it.
@test "output files are refused that are the store, by whatever name" {
	empty_store store
	ln store hard
	ln -s store soft
	ln -s soft softer
	mkdir sub
	for file in store ./store "$PWD/store" sub/../store hard soft softer; do
		for option in -o --metadata-image=; do
			untouched store psnap_dump "$option$file" store
			echo "$option$file: $status $output $stderr"
			((status == 8))
			[[ -z $output && $stderr == "psnap-dump: $file: "* ]]
			untouched store psnap_dump "$option$file" soft
			((status == 8))
		done
	done
	only store hard soft softer sub
}

@test "a standard output that is the store is refused" {
	sound_store store
	onto_store() {
		"$@" 1<>store
	}
	untouched store onto_store "$PSNAP" dump store
	((status == 8))
	[[ $stderr == 'psnap-dump: standard output: '* ]]
	untouched store onto_store "$PSNAP" check store
	((status == 8))
}

@test "output files are refused that are no regular files" {
	sound_store store
	mkdir dir
	mkfifo fifo
	ln -s missing dangling
	for file in dir dir/ fifo /dev/null /dev/full dangling '' missing/file \
		store/file; do
		for option in -o --metadata-image; do
			complains 8 "psnap-dump: $file: " \
				timeout 20 "$PSNAP" dump "$option" "$file" store
			[[ -z $output ]]
		done
	done
	[[ -c /dev/null && -p fifo && -d dir && ! -e missing ]]
	only dangling dir fifo store
}

@test "a link as output file stands for the file it leads to" {
	sound_store store
	mkdir dir
	echo old >dir/file
	ln -s dir/file link
	silent 0 psnap_dump -o link store
	[[ -L link ]]
	psnap_dump store | cmp - dir/file
	[[ $(ls -A dir) == file ]]
}

# --- metadata image ---------------------------------------------------------

# image_is_like_store OPTION... : check says the same, no data is in it, and it
# takes little room.
image_is_like_store() {
	expect 0 psnap_dump --metadata-image=image "$@" store
	[[ -z $output ]]
	[[ $(stat -c %s image) -eq $(stat -c %s store) ]]
	run ! grep -qa 'chunk 0' image
	run psnap_check --output=json --all-areas store
	local wanted=$status
	jq 'del(.store.name)' <<<"$output" >store.json
	expect "$wanted" psnap_check --output=json --all-areas image
	jq 'del(.store.name)' <<<"$output" | diff store.json -
	psnap_dump --all --output=csv store >store.csv
	psnap_dump --all --output=csv image | cmp - store.csv
}

@test "--metadata-image has header and areas, but no data, and is sparse" {
	local areas chunk
	for chunk in 512 4096 1048576; do
		printf '%s\n' "chunk $chunk" "size $((chunk * 300))" \
			'exc 5 2 20' 'exc 100 30 40' 'data pattern' | store store
		grep -qa 'chunk 0' store
		image_is_like_store
		# Two chunks of metadata; 64 KiB for what a file system adds.
		[[ $(du -B 1 image | cut -f 1) -le $((2 * chunk + 65536)) ]]
		cmp -n $((2 * chunk)) store image
	done
}

@test "--metadata-image has every area of a long table" {
	printf '%s\n' 'chunk 512' 'size 8M' 'scatter 5000 100000 7 3' \
		'data pattern' | store store
	image_is_like_store
	# Areas are every 33 chunks, from chunk 1.
	for ((area = 0; area < 157; area++)); do
		echo $((1 + area * 33))
	done | while read -r chunk; do
		cmp -i $((chunk * 512)) -n 512 store image
	done
}

@test "--metadata-image of damaged stores is judged like the store" {
	for damage in 'exc 1 2' 'header valid=0' 'set 0 30 9 9' \
		'set 2 0 7 8' 'set 0 1 3 0xffffffffffffffff' 'random 16 496 5' \
		'exc 9 33' 'truncate 99999'; do
		printf '%s\n' 'chunk 512' 'size 200K' 'exc 0 2 20' 'data pattern' \
			"$damage" | store store
		echo "$damage"
		expect 0 psnap_dump --metadata-image=image store
		run psnap_check --output=json store
		jq 'del(.store.name)' <<<"$output" >store.json
		run psnap_check --output=json image
		jq 'del(.store.name)' <<<"$output" | diff store.json -
	done
}

@test "--metadata-image has stale areas as far as check looks for them" {
	printf '%s\n' 'chunk 512' 'size 16M' 'exc 0 2' 'set 200 0 7 8' \
		'set 900 0 7 9' | store store
	expect 0 psnap_dump --metadata-image=image store
	cmp -i $(((1 + 200 * 33) * 512)) -n 512 store image
	run ! cmp -s -i $(((1 + 900 * 33) * 512)) -n 512 store image
	image_is_like_store --all-areas
	cmp -i $(((1 + 900 * 33) * 512)) -n 512 store image
	run ! psnap_dump --all-areas store
}

# --- rebuilding -------------------------------------------------------------

# The recipe that a dump as ndjson amounts to. No jq: it rounds large numbers.
recipe() {
	sed -nE '1 {
		h
		s/.*"chunk_size_bytes":([0-9]+).*/chunk \1/p
		g
		s/.*"size_bytes":([0-9]+).*/size \1/p
		g
		s/.*"magic":([0-9]+),"valid":([0-9]+),"version":([0-9]+),"chunk_size_sectors":([0-9]+).*/header magic=\1 valid=\2 version=\3 chunk=\4/p
		}
		s/.*"exception","old_chunk":([0-9]+),"new_chunk":([0-9]+),"area":([0-9]+),"entry":([0-9]+).*/set \3 \4 \1 \2/p
		s/.*"run","old_chunk":([0-9]+),"new_chunk":([0-9]+),"chunks":([0-9]+),"area":([0-9]+),"entry":([0-9]+).*/at \4 \5\nexc \1 \2 \3/p'
}

@test "the metadata can be made again, byte for byte, from a JSON dump" {
	local name
	printf '%s\n' 'chunk 512' 'size 4M' 'scatter 3000 100000 9 4' |
		store scattered
	crossing_store crossing
	leftover_store leftover
	printf '%s\n' 'chunk 64K' 'size 5000001' 'header valid=0' 'exc 9 2 5' |
		store odd
	printf '%s\n' 'chunk 4K' 'size 1M' 'set 0 0 0xffffffffffffffff 2' \
		'set 0 1 0 0xffffffffffffffff' 'set 0 2 0x8000000000000000 1' |
		store huge
	printf '%s\n' 'chunk 512' 'exc 0 2 32' 'truncate 17408' | store endless
	for name in scattered crossing leftover odd huge endless; do
		for option in --exceptions --all; do
			run --separate-stderr psnap_dump --output=ndjson --all \
				"$option" "$name"
			[[ $status == [04] && -z $stderr ]]
			recipe <<<"$output" | store again
			echo "$name $option"
			cmp "$name" again
		done
	done
}

@test "the metadata of stores that a kernel made can be made again" {
	local area areas chunk_bytes
	while read -r case; do
		corpus "$case" .
		silent 0 psnap_dump --output=ndjson "$case.cow"
		recipe <<<"$output" | store again
		chunk_bytes=$(head -n 1 <<<"$output" |
			jq .geometry.chunk_size_bytes)
		areas=$(tail -n 1 <<<"$output" | jq .table.last_area)
		cmp -n $((2 * chunk_bytes)) "$case.cow" again
		for ((area = 0; area <= areas; area++)); do
			cmp -i $(((1 + area * (chunk_bytes / 16 + 1)) * \
				chunk_bytes)) -n "$chunk_bytes" "$case.cow" again
		done
		rm "$case.cow" "$case.origin"
	done < <(corpus_cases)
	[[ -s again ]]
}

# --- size, time and signals -------------------------------------------------

big_store() {
	printf '%s\n' 'chunk 4K' "scatter ${2:-3000000} 100000000 1" | store "$1"
}

@test "the first record comes out at once, not when a buffer is full" {
	need_no_sanitizer
	command -v strace >/dev/null || skip "no strace"
	big_store store
	for format in text json ndjson csv; do
		# Every read of the table is a pread.
		strace -qq -e trace=write,pread64 -o trace \
			"$PSNAP" dump --output="$format" --exceptions store |
			head -n 12 >first || true
		[[ -s first ]]
		grep -n '^write(1, ' trace | head -n 2 >writes
		echo "$format:" && cat writes
		# Header and first record, in the first or in two writes.
		[[ $(head -n 2 writes | grep -c ' = [0-9]\{1,3\}$') -ge 1 ]]
		# After reading little: 3 million exceptions are 11719 areas.
		[[ $(sed -n '2s/:.*//p' writes) -lt 100 ]]
	done
}

@test "a dump whose reader has seen enough ends, without reading on" {
	need_no_sanitizer
	command -v strace >/dev/null || skip "no strace"
	big_store store
	timeout 60 strace -qq -e trace=pread64 -o trace \
		"$PSNAP" dump --exceptions store 2>err | head -n 8 >first
	[[ ${PIPESTATUS[0]} -eq 8 ]]
	[[ $(wc -l <first) -eq 8 && ! -s err ]]
	# Far from the 11719 areas that there are.
	[[ $(wc -l <trace) -lt 3000 ]]
}

# within KIB COMMAND...: with no more address space than that.
within() {
	local limit=$1
	shift
	(
		ulimit -v "$limit"
		"$@" 2>&1
	)
}

@test "memory does not grow with the number of exceptions" {
	need_no_sanitizer
	local format
	for count in 100000 3000000; do
		big_store store "$count"
		for format in text json ndjson csv; do
			within 40960 psnap_dump --output="$format" --exceptions \
				store | tail -n 5 >end
			[[ ${PIPESTATUS[0]} -eq 0 ]]
		done
		sed 's/,.*//' end | sort -n | tail -n 1 | grep -E '^[0-9]+$'
		within 40960 "$PSNAP" dump --output=csv -o file --compress store
		within 40960 "$PSNAP" dump --metadata-image=image store
		[[ $(gunzip <file | wc -l) -gt $((count / 2)) ]]
		rm store
	done
}

@test "an interrupted dump leaves the old file, no other, and status 32" {
	big_store store
	echo old >file
	for signal in INT TERM; do
		env --default-signal=INT "$PSNAP" dump --crc32 -o file store \
			2>err &
		pid=$!
		eventually find_temporary
		kill -s "$signal" "$pid"
		ended 32 "$pid"
		[[ $(<err) == 'psnap-dump: store: interrupted; nothing was changed, run the same command again' ]]
		[[ $(<file) == old ]]
		only err file store
	done
}

# What -o writes before it has its name.
find_temporary() {
	[[ -n $(find . -name '.*' -type f) ]]
}

@test "an interrupted dump that waits for its reader ends too" {
	big_store store 200000
	mkfifo fifo
	for option in --exceptions --compress; do
		exec 5<>fifo
		env --default-signal=INT "$PSNAP" dump "$option" store \
			>fifo 2>err 5<&- &
		pid=$!
		# It sleeps only when the pipe is full.
		eventually catches "$pid" 2
		eventually sleeps "$pid"
		kill -s INT "$pid"
		ended 32 "$pid"
		exec 5<&-
		grep -q '^psnap-dump: .*interrupted; nothing was changed' err
	done
}

sleeps() {
	grep -q '^State:.S' "/proc/$1/status"
}

@test "the largest store that there can be is dumped like any other" {
	# 2^63 - 512 bytes, on the only kind of file system that has them.
	dir=$(mktemp -d -p /dev/shm) || skip "no /dev/shm"
	cd "$dir" || return 1
	truncate --size=9223372036854775296 store ||
		skip "no files of 2^63 bytes in /dev/shm"
	printf '%s\n' 'chunk 4K' 'size 9223372036854775296' 'exc 0 2' \
		'exc 1000 2251799813685246' 'text chunk:2251799813685246 end' |
		store store
	csv <<-'END'
		0,2,1,0,0,live
		1000,2251799813685246,1,0,1,live
	END
	silent 0 timeout 60 "$PSNAP" dump --all --crc32 --output=csv store
	wanted=$({ printf end && head -c 4093 /dev/zero; } | crc32)
	[[ ${lines[2]} == *",$(printf %08x "$wanted")" ]]
	# Its last whole chunk; half a chunk follows.
	lookup 9223372036854767616 \
		"origin byte 9223372036854767616 (chunk 2251799813685246): $ORIGIN" \
		'store byte 9223372036854767616 (chunk 2251799813685246): data of origin chunk 1000, byte 4096000 (area 0, entry 1)'
	silent 0 timeout 60 "$PSNAP" dump --metadata-image=image --all-areas store
	[[ $(stat -c %s image) == 9223372036854775296 ]]
	cmp -n 8192 store image
	psnap_dump image | sed s/image/store/ | cmp - <(psnap_dump store)
}
