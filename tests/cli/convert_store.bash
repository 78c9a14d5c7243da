# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of new stores share: what each of them has to be, and that
# nothing remains of one that could not be made. Goes on top of convert.bash.

# shellcheck disable=SC2154 # run sets stderr

# is_clean STORE [ORIGIN]: nothing is to be said of it, with all its areas and
# its data looked at, but that it is full and that a chunk may be free where the
# table fills its areas.
is_clean() {
	expect 0 psnap_check --output=json --all-areas --data "$1" \
		"${2:-origin}"
	jq -e '.counts | del(."store-full") | . == {} or
		(. == {holes: 1})' <<<"$output" || return 1
	jq -e '(.counts.holes // 0) == 0 or
		.table.exceptions % .geometry.exceptions_per_area == 0' \
		<<<"$output" || return 1
	jq -e '.header.valid == 1 and .header.version == 1 and
		.verdict.kernel == "loads" and .verdict.safe_to_merge' \
		<<<"$output"
}

# shows_the_view STORE: what the file view has.
shows_the_view() {
	[[ $(view_sum "$1" origin) == "$(sum_of view)" ]]
}

# fails_to_make CALL [ARGUMENTS...]: a new store of the pair, or of ARGUMENTS,
# with that system call failing.
fails_to_make() {
	local call=$1 option before
	shift
	(($# > 0)) || set -- --chunk-size=4M store origin
	for option in '' --force; do
		[[ -z $option ]] || echo old >anew
		before=$(state_of store origin)
		# shellcheck disable=SC2086 # no word on purpose
		expect 8 strace -qq -o trace -e "trace=${call%%:*}" \
			-e "inject=$call" "$PSNAP" convert -q $option -O store \
			"$@" anew
		[[ -z $output && $stderr == 'psnap-convert: anew: '* ]]
		[[ $stderr != *$'\n'* ]]
		[[ $(state_of store origin) == "$before" ]]
		if [[ -n $option ]]; then
			[[ $(<anew) == old ]]
			rm anew
		fi
		nothing_remains
	done
}
