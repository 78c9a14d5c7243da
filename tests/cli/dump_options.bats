#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What psnap dump shows for each option, and where a byte is kept.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers
load dump

# --- what is shown ----------------------------------------------------------

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
