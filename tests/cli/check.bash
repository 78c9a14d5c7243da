# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap check share.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

IDS=(magic-zero magic-bad version-unknown chunk-size-bad snapshot-invalid
	valid-odd header-tail-nonzero device-tail-partial store-truncated
	area-missing-successor area-implausible new-chunk-out-of-range
	new-chunk-huge new-chunk-in-metadata cve-2013-4299-imminent
	old-chunk-out-of-range duplicate-old duplicate-new duplicate-same
	entries-after-terminator read-error holes out-of-order stale-areas
	store-full)

# Three entries share chunk 2, two of them origin chunk 1.
damaged_store() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' 'exc 1 2' |
		store "$1"
}

# field FILTER: of the JSON document in $output.
field() {
	jq -rc "$1" <<<"$output"
}
