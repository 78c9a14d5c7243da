#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap repair --from: header and areas come back from a dump, byte by byte, and
# nothing is written for a dump that is damaged, was cut or is of another store.

# run sets stderr; bats runs each test in a subshell; $ of jq.
# shellcheck disable=SC2154,SC2030,SC2031,SC2016
bats_require_minimum_version 1.5.0
load helpers
load merge

restore() {
	"$PSNAP" repair --from "$@"
}

# dump OPTION...: that of store, to the file dump; it is kept as store.sound.
dump() {
	psnap_dump --output=ndjson "$@" store >dump
	cp store store.sound
}

# wipe FILE [BYTE]: header and areas of the table that was dumped.
wipe() {
	local chunk stride last i
	read -r chunk stride < <(jq -r 'select(.type == "header").geometry |
		"\(.chunk_size_bytes) \(.exceptions_per_area + 1)"' dump)
	last=$(jq -r 'select(.type == "end").table.last_area' dump)
	for ((i = -1; i <= last; i++)); do
		head -c "$chunk" /dev/zero | tr '\0' "${2:-\\0}" |
			dd of="$1" bs="$chunk" seek=$((i < 0 ? 0 : 1 + i * stride)) \
				conv=notrunc status=none
	done
}

# refuses STATUS TEXT OPTION...: and the store is not touched.
refuses() {
	local want=$1 text=$2 before
	shift 2
	before=$(state_of store)
	expect "$want" restore "$@" --no-undo store
	[[ $stderr == *"$text"* && $(state_of store) == "$before" ]]
}

# comes_back: from the dump; and then there is nothing to do.
comes_back() {
	silent 1 restore dump -p --no-undo store
	cmp store store.sound
	silent 0 restore dump -p --no-undo store
	[[ $output == *'nothing to do'* ]]
	cmp store store.sound
}

# A store of 16 exceptions in 2 runs, with data.
small() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 11' 'exc 24 20 5' \
		'data pattern' | store store
}

# --- what comes back ---------------------------------------------------------

@test "every store of the corpus comes back from its dump" {
	local cases case
	mapfile -t cases < <(corpus_cases)
	((${#cases[@]} >= 7))
	for case in "${cases[@]}"; do
		corpus "$case" .
		mv "$case.cow" store
		dump
		wipe store
		comes_back
		wipe store '\377'
		comes_back
	done
}

@test "stores of all shapes come back, also from compressed dumps" {
	local recipe
	for recipe in 'chunk 512;size 64K' 'chunk 512;alloc 5 31;size 64K' \
		'chunk 512;alloc 5 32' 'chunk 512;alloc 7 33' 'chunk 512;alloc 7 64' \
		'chunk 512;scatter 3000 20000 7' 'chunk 4K;exc 3 2 200;exc 9000 300 7' \
		'chunk 1M;alloc 3 9;size 16M' 'chunk 4K;header valid=0;alloc 1 300' \
		'chunk 4K;header valid=7;alloc 1 300' \
		'chunk 4K;alloc 2251799813685236 12'; do
		tr ';' '\n' <<<"$recipe" | store store
		dump
		wipe store
		comes_back
		wipe store '\125'
		dump_is_compressed
		comes_back
	done
}
dump_is_compressed() {
	gzip -f dump
	mv dump.gz dump
}

@test "a dump of exceptions with checksums is compared with the data" {
	small
	dump --crc32
	wipe store
	expect 4 restore dump store
	[[ $output == *'data        16 compared, none differs'* ]]
	[[ $output == *'would write 4608 bytes'* && $output == *'verdict     safe'* ]]
	comes_back
}

@test "a dump that psnap compressed comes back" {
	small
	dump --crc32
	wipe store
	psnap_dump --output=ndjson --compress store.sound >dump
	comes_back
}

@test "-o writes a copy, --undo gives back what was there, --log tells" {
	local before
	small
	dump
	wipe store '\052'
	before=$(state_of store)
	cp store store.wiped
	silent 1 restore dump -p -o new store
	cmp new store.sound
	[[ $(state_of store) == "$before" ]]
	silent 1 restore dump -p --undo undo --log log store
	cmp store store.sound
	[[ $(jq -r 'select(.offset_bytes == 0) | .length_bytes' log | tail -n 1) \
		-gt 0 ]]
	expect 0 psnap_undo undo store
	cmp store store.wiped
}

@test "JSON says what was compared and what was written" {
	small
	dump --crc32
	wipe store
	expect 4 restore dump --output=json store
	[[ $(jq -c '.from | [.exceptions, .areas, .compared, .differing, .missing,
		.write_bytes, .needed, .class, .written]' <<<"$output") == \
		'[16,1,16,0,0,4608,true,"safe",false]' ]]
	expect 1 restore dump --output=json -p --no-undo store
	[[ $(jq -c '.from.written' <<<"$output") == true ]]
}

@test "entries that the kernel did not read are passed over" {
	small
	cp store store.all
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 11' 'exc 24 20 5' \
		'set 0 40 9 90' 'set 0 41 10 91' 'data pattern' | store store.all
	mv store store.clean
	mv store.all store
	dump --all
	wipe store
	silent 1 restore dump -p --no-undo store
	[[ $output == *'passed over 2 exceptions'* ]]
	cmp -n 8192 store store.clean
}

# --- what differs -------------------------------------------------------------

@test "data that differs is refused, and taken with -y" {
	small
	dump --crc32
	wipe store
	printf 'x' | dd of=store bs=1 seek=$((5 * 4096 + 77)) conv=notrunc status=none
	refuses 4 'the data of 1 of 16 exceptions is not what it was' dump -p
	[[ $stderr == *'origin chunk 6 in store chunk 5 is the first'* ]]
	expect 4 restore dump store
	[[ $output == *'16 compared, 1 differs, '* && $output == *'only -y'* ]]
	expect 1 restore dump -y --no-undo store
	cmp -n $((5 * 4096)) store store.sound
}

@test "a table that would lose exceptions is written with -y only" {
	small
	dump
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 11' 'exc 24 20 8' \
		'data pattern' | store store
	expect 4 restore dump store
	[[ $output == *'would lose  3 exceptions of the table as it stands'* ]]
	refuses 4 '' dump -p
	expect 1 restore dump -y --no-undo store
	cmp -n 8192 store store.sound
}

@test "a dump of a part of a table is refused, and taken with -y" {
	small
	dump --old 3..9
	wipe store
	refuses 4 'not of a whole table (10 exceptions are not in it' dump -p
	expect 1 restore dump -y --no-undo store
	[[ $(psnap_check --output=json store | jq .table.exceptions) == 6 ]]
}

@test "another store: too small, or with other data" {
	small
	dump --crc32
	truncate -s 96K store
	refuses 4 'line 17: does not fit store: store chunk' dump -y
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 70 2 11' 'exc 90 20 5' \
		'data pattern' | store store
	refuses 4 'the data of 16 of 16 exceptions' dump -p
}

@test "a store of another size on which all of it fits is said to be one" {
	small
	dump
	wipe store
	truncate -s 512K store
	expect 4 restore dump store
	[[ $output == *'store has 524288 bytes, the one of the dump had 1048576'* ]]
	expect 1 restore dump -p --no-undo store
	cmp -n $((25 * 4096)) store store.sound
}

@test "the table and its end need room" {
	printf '%s\n' 'chunk 512' 'alloc 5 32' | store store
	dump
	truncate -s $((34 * 512)) store
	refuses 4 'more areas than the 1 that the store has room for' dump -y
}

# --- what is no dump -----------------------------------------------------------

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

@test "a dump of any length takes the same memory" {
	need_no_sanitizer
	printf '%s\n' 'chunk 512' 'size 1M' | store store
	dump
	{
		head -n 1 dump
		yes '{"type":"run","old_chunk":1,"new_chunk":2,"chunks":1,"area":0,"entry":0,"state":"stale"}' |
			head -n 500000
		sed -n '$s/"records":0/"records":500000/p' dump
	} >long
	wipe store
	(
		ulimit -v 150000
		silent 1 restore long -p --no-undo store
		[[ $output == *'passed over 500000 exceptions'* ]]
	)
	cmp store store.sound
}

# --- cuts ----------------------------------------------------------------------

@test "cut at any write it leaves what the kernel refuses, and goes on" {
	local call n refused=0
	need_strace
	printf '%s\n' 'chunk 512' 'alloc 5 300' | store store
	dump
	printf '%s\n' 'chunk 512' 'alloc 900 300' | store other
	for call in pwrite64:when= fdatasync:when= fsync:when=; do
		for ((n = 1; n < 30; n++)); do
			cp other store
			run cut_at KILL "$call$n" "$PSNAP" repair --from dump -y \
				--no-undo store
			((status != 1)) || break
			if ! cmp -s store other && ! cmp -s store store.sound; then
				run psnap_check store
				[[ $output == *'kernel:  refuses'* ]]
				refused=$((refused + 1))
			fi
			run restore dump -y --no-undo store
			((status <= 1))
			cmp store store.sound
		done
		((n < 30))
	done
	((refused > 10))
}
