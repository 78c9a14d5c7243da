#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap repair --from: header and areas come back from a dump, byte by byte, and
# nothing is written for a dump of another store. What is no dump is in
# repair_from_refuse.bats.

# run sets stderr; bats runs each test in a subshell; $ of jq.
# shellcheck disable=SC2154,SC2030,SC2031,SC2016
bats_require_minimum_version 1.5.0
load helpers
load merge
load repair_from

# --- what comes back -----------------------------------------------------------

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

# --- what differs --------------------------------------------------------------

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
