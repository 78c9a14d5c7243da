# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap dump share.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq

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

# Runs of 100 and 300 chunks; the second crosses from area 0 into area 1, as
# its chunks are in the third group.
crossing_store() {
	printf '%s\n' 'chunk 4K' 'size 16M' 'exc 1000 2 100' \
		'exc 5000 516 250' 'exc 9000 800 3' | store "$1"
}

# lookup OFFSET LINE LINE: the two answers for a byte of store.
lookup() {
	prints --lookup="$1" <<<"$2"$'\n'"$3"
}

# Only these files are in the directory.
only() {
	diff <(ls -A) <(printf '%s\n' "$@" | sort)
}

# Entries 2 and 3 of area 0 are behind the terminator, area 2 is stale.
leftover_store() {
	printf '%s\n' 'chunk 512' 'size 1M' 'exc 7 2' 'set 0 2 40 50' \
		'set 0 3 41 51' 'set 2 0 60 70' 'set 2 1 90 80' | store "$1"
}

# What a look-up says of a chunk that nothing names.
FREE='free: no exception names it'
ORIGIN='not in the store: the snapshot shows the origin'
