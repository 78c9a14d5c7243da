#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap diff on real block devices: the same ranges as of the files behind them,
# and a word when one is in use.

# shellcheck disable=SC2154,SC2034 # run sets stderr, refused reads name
bats_require_minimum_version 1.5.0
load helpers
load merge
load diff
load loop

setup() {
	loop_setup
}

@test "block devices are compared as files are" {
	# Loop devices have whole sectors only.
	size=3000320
	images
	store_of a view origin 4096
	cp origin other
	changed other 9
	store_of b other origin 512
	truncate -s %512 a b
	attach a --read-only
	a=$loop
	attach b --read-only
	b=$loop
	attach origin --read-only
	expect 0 psnap_diff -q --output=csv "$a" "$loop"
	diff <(ranges view origin) <(echo "$output")
	expect 0 psnap_diff -q --output=csv "$a" "$b" "$loop"
	diff <(ranges view other) <(echo "$output")
	expect 0 psnap_diff -q --output=csv a "$b" "$loop"
	diff <(ranges view other) <(echo "$output")
	# By whatever name, it is the same store.
	name=psnap-diff
	refused 'both stores are the same' psnap_diff -q a "$a" "$loop"
}

@test "what is in use can be compared, and there is a warning" {
	head -c 16M /dev/urandom >origin
	attach origin
	mount_ext4 "$loop" mnt
	umount mnt
	# Read-only, so that it holds still.
	mount -o ro,noload "$loop" mnt
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 2000 2 11' 'data pattern' |
		store store
	"${PSNAP%/*}/tests/view" store origin >view
	expect 0 psnap_diff --output=csv store "$loop"
	[[ $stderr == "psnap-diff: $loop: in use: mounted on $PWD/mnt; "* ]]
	diff <(ranges view origin) <(echo "$output")
	silent 0 psnap_diff -q store "$loop"
}
