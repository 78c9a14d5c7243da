#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap repair --from: nothing is written for what is no dump, is damaged, or
# was cut.

# run sets stderr; bats runs each test in a subshell; $ of jq.
# shellcheck disable=SC2154,SC2030,SC2031,SC2016
bats_require_minimum_version 1.5.0
load helpers
load merge
load repair_from

# damaged TEXT SED...: a dump with that done to it is refused with TEXT.
damaged() {
	sed "$2" good >dump
	cmp -s good dump && return 1
	refuses 4 "psnap-repair: dump: $1" dump -y
	[[ $(wc -l <<<"$stderr") == 1 ]]
}

@test "a damaged dump is refused, with its line" {
	small
	dump --crc32
	cp dump good
	wipe store
	damaged 'line 1: not a line' '1s/{/[/'
	damaged 'line 1: the dump does not begin' 1d
	damaged 'line 1: not the output of psnap dump' '1s/"dump"/"check"/'
	damaged 'line 1: "schema_version" 2 is not 1' '1s/_version":1/_version":2/'
	damaged 'line 1: "size_bytes" is not a whole' '1s/1048576/1e6/'
	damaged 'line 1: "chunk_size_bytes" is missing' '1s/chunk_size_bytes/x/'
	damaged 'line 1: a chunk size of 4095 bytes' '1s/"chunk_size_bytes":4096/"chunk_size_bytes":4095/'
	damaged 'line 1: "header" is not an object' '1s/"header":{[^}]*}/"header":3/'
	damaged 'line 3: not a line' '3s/}//'
	damaged 'line 3: not a line' '3s/$/ x/'
	damaged 'line 3: not a line' '3s/.*//'
	damaged 'line 3: "type" is missing' '3s/"type"/"kind"/'
	damaged 'line 3: "type" is none' '3s/"exception"/"lookup"/'
	damaged 'line 3: "new_chunk" is missing' '3s/new_chunk/chunk/'
	damaged 'line 3: "old_chunk" is not a whole' '3s/"old_chunk":4/"old_chunk":"4"/'
	damaged 'line 3: "old_chunk" is not a whole' '3s/"old_chunk":4/"old_chunk":4.0/'
	damaged 'line 3: "old_chunk" is below 0' '3s/"old_chunk":4/"old_chunk":-4/'
	damaged 'line 3: "crc32" is too large' '3s/"crc32":[0-9]*/"crc32":4294967296/'
	damaged 'line 3: "entry" is beyond' '3s/"entry":1/"entry":256/'
	damaged 'line 3: "state" is not one' '3s/,"crc32"/,"state":"odd","crc32"/'
	damaged 'line 3: stands before' '3s/"entry":1/"entry":0/'
	damaged 'line 18: the entries do not follow' '17s/"entry":15/"entry":16/'
	damaged 'line 17: the dump had 16 records, and 15 are here' 9d
	damaged 'line 18: the table had 15' '$s/"exceptions":16/"exceptions":15/'
	damaged 'line 19: stands behind' '$s/$/\n{}/'
	damaged 'line 5: a second header' "4r /dev/fd/3" 3< <(head -n 1 good)
}

@test "numbers are exact up to 2^64 - 1, and larger ones are none" {
	small
	dump
	cp dump good
	wipe store
	damaged 'line 2: does not fit store: origin chunk 18446744073709551604 is' \
		'2s/"old_chunk":3/"old_chunk":18446744073709551604/'
	damaged 'line 2: does not fit store: store chunk 18446744073709551605, of origin chunk 3,' \
		'2s/"new_chunk":2/"new_chunk":18446744073709551605/'
	damaged 'line 2: does not fit store: store chunk 9223372036854775808, of' \
		'2s/"new_chunk":2/"new_chunk":9223372036854775808/'
	damaged 'line 2: "old_chunk" is too large' \
		'2s/"old_chunk":3/"old_chunk":18446744073709551616/'
	damaged 'line 2: "old_chunk" is too large' \
		'2s/"old_chunk":3/"old_chunk":100000000000000000000/'
	damaged 'line 2: "old_chunk" is below 0' \
		'2s/"old_chunk":3/"old_chunk":-18446744073709551616/'
	damaged 'line 2: does not fit store: origin chunk 18446744073709551615 is' \
		'2s/"old_chunk":3/"old_chunk":18446744073709551615/;2s/"chunks":11/"chunks":12/'
	damaged 'line 2: not a line' '2s/"old_chunk":3/"old_chunk":003/'
	damaged 'line 2: "area" is too large' '2s/"area":0/"area":18446744073709551615/'
	damaged 'line 2: does not fit store: origin chunk 2251799813685248 is' \
		'2s/"chunks":11/"chunks":18446744073709551615/;3,$d;$a{}'
}

@test "entries that are no table's are refused" {
	small
	dump
	cp dump good
	wipe store
	damaged 'line 3: does not fit store: store chunk 0,' '3s/"new_chunk":20/"new_chunk":0/'
	damaged 'line 3: does not fit store: store chunk 1,' '3s/"new_chunk":20/"new_chunk":1/'
	damaged 'line 3: does not fit store: store chunk 256, of origin chunk 28,' \
		'3s/"new_chunk":20/"new_chunk":252/'
	damaged 'does not fit store: origin chunk 13 has more than one' \
		'3s/"old_chunk":24/"old_chunk":13/'
	damaged 'does not fit store: store chunk 12 is named' \
		'3s/"new_chunk":20/"new_chunk":12/'
}

@test "a dump that was cut is refused wherever it was" {
	local size kept
	small
	dump --crc32
	cp dump good
	wipe store
	for ((kept = 1; kept < 18; kept++)); do
		head -n "$kept" good >dump
		refuses 4 "line $((kept + 1)): the last record is missing: the dump was cut" \
			dump -y
	done
	size=$(stat -c %s good)
	for kept in 0 1 20 300 700 1000 $((size - 2)) $((size - 40)); do
		head -c "$kept" good >dump
		refuses 4 'psnap-repair: dump: line ' dump -y
	done
	gzip -k good
	size=$(stat -c %s good.gz)
	for kept in 3 30 $((size / 2)) $((size - 1)); do
		head -c "$kept" good.gz >dump
		refuses 4 'the file ends inside a gzip stream' dump -y
	done
	printf 'x' | cat good.gz - >dump
	refuses 4 'psnap-repair: dump: byte ' dump -y
	# Without the last newline it is whole.
	head -c -1 good >dump
	expect 1 restore dump -p --no-undo store
	cmp store store.sound
}

@test "what is no dump is refused: other output, no file, the store" {
	small
	dump
	psnap_dump store >text
	psnap_dump --output=json store >json
	psnap_dump --output=ndjson --header-only store >header
	psnap_dump --output=ndjson --lookup 0 store >lookup
	head -c 5000000 /dev/zero >zeros
	head -c 3000000 /dev/zero | tr '\0' '[' >deep
	wipe store
	refuses 4 'line 1: not a line' text -y
	refuses 4 'line 1: not a line' json -y
	refuses 4 'line 2: the last record is missing' header -y
	refuses 4 'line 2: "type" is none' lookup -y
	refuses 4 'line 1: longer than any line' zeros -y
	refuses 4 'line 1: longer than any line' deep -y
	head -c 1000000 deep >deeper
	refuses 4 'line 1: not a line' deeper -y
	refuses 8 'no such file' nothing -y
	refuses 8 'directory' . -y
	refuses 4 'line 1: ' store -y
}
