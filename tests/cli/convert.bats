#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert: an image has every byte that the snapshot shows, and the store
# and the origin are only read. Tables are in convert_tables.bats, what is said
# in convert_report.bats, refusals in convert_refuse.bats, where OUTPUT may be
# and failures in convert_output.bats, devices in convert_devices.bats; what
# kernels made is in tests/corpus.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# --- raw -----------------------------------------------------------------------

raw_is_the_view() {
	makes raw new
	cmp new view
	rm new
	psnap_convert -q -O raw store origin - >piped
	cmp piped view
	# To a pipe, not only to a file that standard output is.
	[[ $(psnap_convert -q -O raw store origin - | sum_of /dev/stdin) == \
		"$(sum_of view)" ]]
}

@test "a disk image has every byte that the snapshot shows" {
	random_pairs raw_is_the_view
}

@test "origins of odd size, and stores without exceptions" {
	local size
	for size in 1 511 512 513 4095 4096; do
		pair
		truncate --size=$((28 * 4096 + size)) origin
		remember
		raw_is_the_view
	done
	empty_store store
	remember
	cmp view origin
	raw_is_the_view
	: >origin
	makes raw new
	[[ -e new && ! -s new ]]
	psnap_convert -q -O raw store origin - >piped
	[[ ! -s piped ]]
}

@test "--accept-invalid converts what an overflowed snapshot still shows" {
	corpus overflow .
	mv overflow.cow store
	mv overflow.origin origin
	remember
	refuses_to 4 --accept-invalid -O raw store origin new
	[[ $stderr == *'error snapshot-invalid: '* ]]
	expect 0 psnap_convert --accept-invalid -O raw store origin new
	cmp new view
	rm new
	psnap_convert -q --accept-invalid -O dm store origin - >table
	dm_shows table | cmp - view
}

@test "a hole of the origin is one in the image, and zeros become one" {
	zeros_pair
	makes raw new
	cmp new view
	# 29 chunks of 8 sectors, 4 of them zero.
	echo "$(blocks new) blocks"
	(($(blocks new) <= 29 * 8 - 32 + 64))
}

@test "zeros and holes of the store hide what the origin has there" {
	hiding_pair
	cmp -n $((6 * 4096)) -i $((3 * 4096)):0 view /dev/zero
	raw_is_the_view
	makes dm table
	dm_shows table | cmp - view
}

@test "holes of the inputs are not read" {
	need_strace
	local bytes
	sparse_pair
	bytes_read_to -O raw store origin new
	# 160 KB of table, not 41 MB of chunks and 16 GiB of origin.
	((bytes > 116224 && bytes < 8 << 20))
	cmp -n 116224 new origin
	[[ $(stat --format=%s new) == $((16 << 30)) ]]
	(($(blocks new) < 1000))
	# And to a pipe they become zeros, nothing less.
	psnap_convert -q -O raw store origin - | head -c 60000000 >piped
	cmp -n 60000000 piped new
}

@test "-f snapshot is what goes in if nothing is said" {
	pair
	remember
	for option in -fsnapshot '-f snapshot' --input-format=snapshot; do
		# shellcheck disable=SC2086 # two words
		makes raw new $option
		cmp new view
		rm new
	done
}

# --- files ---------------------------------------------------------------------

@test "it needs no right to write to the store or the origin" {
	need_file_modes
	pair
	remember
	chmod 444 store origin
	mkdir out
	chmod 777 out
	for format in raw dm vmdk; do
		silent 0 unprivileged "$PSNAP" convert -q -O $format \
			store origin out/$format
	done
	cmp out/raw view
}

@test "the inputs are never opened for writing" {
	need_strace
	pair
	for format in raw dm vmdk; do
		silent 0 strace -f -qq -o trace -e trace=open,openat,openat2 \
			"$PSNAP" convert -q -O $format store origin $format
		grep -E '"[^"]*(store|origin)"' trace >opened
		grep -q O_RDONLY opened
		[[ $(grep -cE 'O_RDWR|O_WRONLY' opened) == 0 ]]
	done
}

@test "--force replaces a file, and keeps who may read it" {
	pair
	remember
	for format in raw dm vmdk; do
		echo text >old
		chmod 640 old
		ln -sf old link
		makes $format old --force
		makes $format $format
		cmp old $format
		[[ $(stat --format=%a old) == 640 ]]
		echo text >old
		makes $format link --force
		cmp link $format
		cmp old $format
	done
	# Nothing to be replaced is as well.
	makes raw new --force
	cmp new view
}
