# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the conformance tests share.

# shellcheck disable=SC2154,SC2030,SC2031

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Standard output has something, in lines of at most 80 columns.
fits_terminal() {
	[[ -n $output ]]
	[[ $(wc -L <<<"$output") -le 80 ]]
}
