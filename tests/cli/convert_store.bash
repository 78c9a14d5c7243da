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
	# In one run, because it takes long to start.
	jq -e '(.counts | del(."store-full") | . == {} or . == {holes: 1})
		and ((.counts.holes // 0) == 0 or
		.table.exceptions % .geometry.exceptions_per_area == 0)
		and .header.valid == 1 and .header.version == 1
		and .verdict.kernel == "loads" and .verdict.safe_to_merge' \
		<<<"$output"
}

# shows_the_view STORE: what the file view has.
shows_the_view() {
	[[ $(view_sum "$1" origin) == "$(sum_of view)" ]]
}
