# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap repair share: damaged stores, what a repaired one has
# to be, and a terminal.

# shellcheck disable=SC2154,SC2034 # run sets stderr, the tests use many

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

psnap_repair() {
	"$PSNAP" repair "$@"
}

# Five exceptions, then one that repeats the first (safe), then one whose data
# would be beyond the end (lossy). Chunks of 4 KiB, one area.
damaged() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 16 3 4' 'exc 0 2' \
		'exc 40 9000' 'data pattern' | store "$1"
}

# An overflowed snapshot: every chunk of 64 KiB is taken, and valid is 0.
overflowed() {
	printf '%s\n' 'chunk 4K' 'size 64K' 'header valid=0' 'exc 5 2 14' \
		'data pattern' | store "$1"
}

# is_clean FILE [EXCEPTIONS]: nothing above a note, loads, and is safe to merge.
is_clean() {
	expect 0 psnap_check --all-areas "$1"
	[[ $output == *$'\nkernel:  loads\nmerge:   safe' ]]
	[[ -z ${2:-} || $output == *"table:   $2 exception"* ]]
}

# A second repair of FILE finds nothing to do, and writes nothing.
is_finished() {
	local before
	before=$(state_of "$1")
	silent 0 psnap_repair -y --no-undo "$1"
	[[ $output == *'nothing to do' && $(state_of "$1") == "$before" ]]
	silent 0 psnap_repair "$1"
}

# on_terminal ANSWERS COMMAND...: see on_terminal.c.
on_terminal() {
	local program=$BATS_FILE_TMPDIR/on_terminal
	[[ -x $program ]] || "${CC:-cc}" -D_GNU_SOURCE -O1 -o "$program" \
		"$BATS_TEST_DIRNAME/on_terminal.c" || return 97
	"$program" "$@"
}
need_terminal() {
	command -v "${CC:-cc}" >/dev/null || skip "no compiler"
	[[ -c /dev/ptmx ]] || skip "no terminals"
}

# only FILE...: there are no other files, but for those that bats makes.
only() {
	local file found=()
	for file in *; do
		[[ $file == separate-stderr-* ]] || found+=("$file")
	done
	echo "files: ${found[*]}"
	[[ "${found[*]}" == "$*" ]]
}
