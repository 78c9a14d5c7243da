#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Signals, progress and size of a check.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers
load check

# --- signals and progress ---------------------------------------------------

# 60 GB of data, in a file that takes a few chunks: minutes to read.
long_store() {
	printf '%s\n' 'chunk 1M' 'exc 0 2 60000' | store "$1"
	[[ $(du -k "$1" | cut -f 1) -lt 10000 ]]
}

# A shell has background jobs ignore SIGINT, and psnap respects that.
start_check() {
	: >err
	env --default-signal=INT "$PSNAP" check "$@" >out 2>err &
	pid=$!
}

@test "SIGINT and SIGTERM end a long check with status 32 and one line" {
	long_store store
	for signal in INT TERM; do
		start_check --data --progress=none store
		eventually catches "$pid" "$(kill -l "$signal")"
		kill -s "$signal" "$pid"
		ended 32 "$pid"
		[[ $(<err) == 'psnap-check: store: interrupted; nothing was changed, run the same command again' ]]
	done
}

@test "a check that ignores SIGINT, as under nohup, goes on" {
	long_store store
	env --ignore-signal=INT "$PSNAP" check --data --progress=json store \
		>out 2>err &
	pid=$!
	eventually test -s err
	kill -s INT "$pid"
	sleep 0.2
	kill -s TERM "$pid"
	ended 32 "$pid"
}

@test "an interrupted document is not a whole one" {
	long_store store
	start_check --data --output=json --progress=none store
	eventually catches "$pid" 2
	kill -s INT "$pid"
	ended 32 "$pid"
	run jq . out
	((status != 0)) || [[ ! -s out ]]
	start_check --data --output=ndjson --progress=none store
	eventually catches "$pid" 2
	kill -s INT "$pid"
	ended 32 "$pid"
	run grep -c '"type":"verdict"' out
	[[ $output == 0 ]]
}

@test "SIGUSR1 prints one line of progress each time, and the check goes on" {
	long_store store
	for when in none json; do
		start_check --data --progress="$when" store
		eventually catches "$pid" "$(kill -l USR1)"
		kill -s USR1 "$pid"
		eventually grep -q '^psnap-check: ' err
		kill -s USR1 "$pid"
		eventually two_lines
		kill -s TERM "$pid"
		ended 32 "$pid"
		grep '^psnap-check: ' err >said
		[[ $(wc -l <said) -eq 3 ]]
		head -n 2 said | grep -cE '[0-9]+ bytes' | grep -x 2
		[[ $when == json ]] || diff said err
	done
}

two_lines() {
	[[ $(grep -c '^psnap-check: ' err) -eq 2 ]]
}

@test "--progress=json writes lines that are JSON and go forward" {
	long_store store
	start_check --data --progress=json store
	eventually three_lines
	kill -s TERM "$pid"
	ended 32 "$pid"
	grep '^{' err >progress
	[[ $(grep -vc '^{' err) -eq 1 ]]
	jq -se 'length >= 3
		and all(.[]; keys == ["progress"])
		and all(.[].progress; keys == ["done_bytes", "total_bytes"])
		and all(.[].progress; .done_bytes <= .total_bytes)
		and ([.[].progress | select(.total_bytes == .total_bytes)
			| .done_bytes] | length) >= 3' progress
	# Within the data, which comes last, it never goes back.
	jq -se '[.[].progress] | .[-1].total_bytes as $total
		| [.[] | select(.total_bytes == $total) | .done_bytes]
		| . == sort' progress
	# Only the report goes to standard output.
	run ! grep -q progress out
}

three_lines() {
	[[ $(grep -c '^{' err) -ge 3 ]]
}

@test "the bar is for terminals, or for who asks for it" {
	long_store store
	start_check --data store
	eventually catches "$pid" 15
	sleep 1.5
	kill -s TERM "$pid"
	ended 32 "$pid"
	[[ $(<err) == 'psnap-check: store: interrupted'* ]]
	start_check --data --progress=bar store
	eventually test -s err
	kill -s TERM "$pid"
	ended 32 "$pid"
	grep -q $'\r' err
	# The message has a line of its own.
	[[ $(tail -n 1 err) == *$'\e[K'*'psnap-check: store: interrupted'* ]]
}

# --- size -------------------------------------------------------------------

# within KIB COMMAND...: with no more address space than that.
within() {
	local limit=$1
	shift
	(
		ulimit -v "$limit"
		"$@" 2>&1
	)
}

@test "memory is bounded by 16 bytes an exception and 64 MiB" {
	need_no_sanitizer
	for count in 100000 3000000; do
		printf '%s\n' 'chunk 4K' "scatter $count 100000000 1" |
			store store
		expect 0 within $((65536 + count * 16 / 1024)) \
			psnap_check --output=json store
		[[ $(field .table.exceptions) == "$count" ]]
		rm store
	done
}

@test "numbers in a store do not choose how much memory is taken" {
	need_no_sanitizer
	for exc in 'set 0 0 0xffffffffffffffff 2' 'set 0 0 0 0xfffffffffffffff' \
		'set 0 0 0xfffffffffffff 0xffffffffffff' \
		'header chunk=0x80000000' 'header chunk=0x200000'; do
		printf '%s\n' 'chunk 512' 'size 1M' "$exc" 'set 0 1 5 3' |
			store store
		run within 65536 timeout 20 "$PSNAP" check store
		echo "$exc: $status $output"
		[[ $status == [04] ]]
	done
}

@test "the largest store that there can be is read to its last chunk" {
	# 2^63 - 512 bytes, on the only kind of file system that has them.
	dir=$(mktemp -d -p /dev/shm) || skip "no /dev/shm"
	cd "$dir" || return 1
	truncate --size=9223372036854775296 store ||
		skip "no files of 2^63 bytes in /dev/shm"
	printf '%s\n' 'chunk 4K' 'size 9223372036854775296' 'exc 0 2 255' \
		'exc 1000 2251799813685246' | store store
	truncate --size=1G origin
	expect 0 timeout 60 "$PSNAP" check --all-areas --data --output=json \
		store origin
	[[ $(field .store.size_bytes) == 9223372036854776000 ]]
	[[ $(field .data_bytes_read) == $((512 * 4096)) ]]
	[[ $output == *'"status":"18014398509481976/18014398509481983 24"'* ]]
	[[ $output == *'"size_bytes":9223372036854775296'* ]]
	# Nothing fits any more, and it is no damage.
	[[ $(field '.counts["store-full"]') == 1 ]]
	[[ $(field .verdict.safe_to_merge) == true ]]
}

teardown() {
	[[ -z ${pid:-} ]] || kill "$pid" 2>/dev/null || true
	cd /
	[[ ${dir:-} != /dev/shm/* ]] || rm -r "$dir"
}
