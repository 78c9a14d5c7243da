# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap undo share: pairs, pairs that are merged with an undo
# file, and the question whether all is as before.

# Two stores of the same size whose exceptions are others, and an origin of
# odd size; sum has what they were.
pair() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 11' 'exc 24 20 5' \
		'data pattern' | store store
	head -c $((28 * 4096 + 1537)) /dev/urandom >origin
	sha256sum store origin >sum
}
is_as_before() {
	sha256sum --check --quiet sum
}

# A pair is merged with an undo file.
merged() {
	pair
	rm -f undo
	silent 0 psnap_merge --undo=undo store origin
	run ! is_as_before
}

# A pair of many exceptions, more of them than one batch has.
large_pair() {
	printf '%s\n' 'chunk 4K' 'scatter 3000 4000 7' 'data pattern' |
		store store
	head -c 16383000 /dev/urandom >origin
	sha256sum store origin >sum
}

# For a teardown: what a test that failed has left mounted.
unmount() { # DIRECTORY...
	local directory
	for directory in "${@/#/$BATS_TEST_TMPDIR/}"; do
		! mountpoint -q "$directory" || umount "$directory"
	done
}
