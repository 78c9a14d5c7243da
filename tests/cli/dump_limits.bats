#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# That a dump is enough to rebuild the metadata, and what it costs.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers
load dump

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
