#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O delta and -f delta: the changes alone, and what an origin
# becomes through them. What every bit of it is worth is in tests/unit/t_delta.c;
# merging one into its origin is in merge_delta.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# delta DELTA ORIGIN OUTPUT [OPTION...]: apply it.
applied() {
	local delta=$1 origin=$2 output_name=$3
	shift 3
	silent 0 psnap_convert -q -f delta -O raw "$@" "$delta" "$origin" \
		"$output_name"
}

delta_is_the_view() {
	makes delta delta.1
	applied delta.1 origin new
	cmp new view
	rm new
	# The same bytes to a pipe, and one after the other.
	psnap_convert -q -O delta store origin - | cmp - delta.1
	psnap_convert -q -f delta -O raw delta.1 origin - | cmp - view
	# And back.
	makes delta delta.2 --reverse
	applied delta.2 view new
	cmp new origin
	rm new delta.1 delta.2
}

@test "a delta applied to its origin is what the snapshot shows" {
	random_pairs delta_is_the_view
}

@test "origins of odd size, and stores without exceptions" {
	local size
	for size in 1 511 512 513 4096; do
		pair
		truncate --size=$((28 * 4096 + size)) origin
		remember
		delta_is_the_view
	done
	empty_store store
	remember
	delta_is_the_view
	: >origin
	remember
	delta_is_the_view
}

@test "a delta is not larger than what has changed" {
	large_pair
	remember
	makes delta new
	# The chunks of 512 bytes of a pattern, and a checksum of each.
	bytes=$(stat --format=%s new)
	echo "$bytes bytes"
	((bytes < many * (512 + 4)))
	applied new origin shown
	cmp shown view
}

@test "the same delta is made by one processor and by several" {
	large_pair
	psnap_convert -q -O delta store origin many
	taskset -c 0 "$PSNAP" convert -q -O delta store origin one ||
		skip "no taskset"
	cmp one many
}

@test "as the input of other formats" {
	pair
	remember
	makes delta delta.1
	silent 0 psnap_convert -q -f delta -O store delta.1 origin again
	[[ $(view_sum again origin) == "$(sum_of view)" ]]
	rm again
	# Of two images it is the same one, but for what has not changed.
	silent 0 psnap_convert -q -f raw -O delta origin view two
	applied two origin shown
	cmp shown view
	rm shown
	psnap_convert -q -f delta -O delta delta.1 origin again
	cmp again delta.1
	psnap_convert -q -f delta -O lvmsync delta.1 origin changes
	psnap_convert -q -f lvmsync -O raw changes origin shown
	cmp shown view
}

@test "a delta is refused for an origin that it was not made against" {
	pair
	remember
	makes delta delta.1
	for at in $((3 * 4096)) $((28 * 4096 + 1535)) 1024 0; do
		cp origin.before origin
		flip origin "$at"
		refuses_to 4 "--force-origin takes it all the same" \
			-f delta -O raw delta.1 origin new
		[[ $stderr == *': origin: '* ]]
		applied delta.1 origin forced --force-origin
		[[ $(stat --format=%s forced) == $((28 * 4096 + 1536)) ]]
		rm forced
	done
	# That it is longer may be meant, that it is shorter never.
	cp origin.before origin
	truncate --size=+512 origin
	refuses_to 4 "--force-origin" -f delta -O raw delta.1 origin new
	applied delta.1 origin forced --force-origin
	cmp forced view
	truncate --size=-513 origin
	for option in '' --force-origin; do
		# shellcheck disable=SC2086
		refuses_to 4 "bytes, and the delta was made against" \
			-f delta $option -O raw delta.1 origin new
	done
}

@test "a delta is refused that was cut, or is damaged, wherever" {
	pair
	makes delta delta.1
	size=$(stat --format=%s delta.1)
	# Every byte and every length: t_delta.c. Here what is said of some.
	for at in 20 1000 2050 2100 $((size / 2)) $((size - 60)) $((size - 1)); do
		cp delta.1 bad
		flip bad "$at"
		refuses_to 4 ': bad: ' -f delta -O raw bad origin new
		head -c "$at" delta.1 >bad
		refuses_to 4 'was cut' -f delta -O raw bad origin new
	done
	for bad in origin store /dev/null; do
		cp "$bad" bad
		refuses_to 4 'it is no delta' -f delta -O raw bad origin new
	done
	# Whatever is forced.
	head -c "$((size - 1))" delta.1 >bad
	refuses_to 4 'was cut' -f delta --force-origin -O raw bad origin new
}

@test "a delta that was cut is made complete" {
	random_pairs completed
}
completed() {
	local size at
	makes delta delta.1
	size=$(stat --format=%s delta.1)
	for at in 0 2047 2048 $((size / 3)) $((size / 2)) $((size - 41)) \
		$((size - 1)) "$size"; do
		head -c "$at" delta.1 >part
		# Appended to the part itself, as it came through a pipe.
		silent 0 bash -c "'$PSNAP' convert -q -O delta --resume part \
			store origin - >>part"
		cmp part delta.1
		# A file has all of it.
		head -c "$at" delta.1 >part
		makes delta new --resume part
		cmp new delta.1
		rm new
	done
	rm delta.1
}

@test "nothing is appended to what is no part of this delta" {
	pair
	makes delta delta.1
	head -c 6000 delta.1 >part
	# Other data, another list, another origin.
	cp store store.before
	flip store $((2 * 4096 + 9))
	refuses_to 4 'make the delta anew, without --resume' -O delta \
		--resume part store origin new
	cp store.before store
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 12' 'data pattern' |
		store store
	refuses_to 4 'make the delta anew, without --resume' -O delta \
		--resume part store origin new
	cp store.before store
	cp delta.1 part
	echo >>part
	refuses_to 4 'make the delta anew' -O delta --resume part store origin new
	cp origin part
	refuses_to 4 'not the beginning of a delta' -O delta --resume part store \
		origin new
	refuses_to 8 'none' -O delta --resume none store origin new
}

@test "options that go with changes only" {
	pair
	makes delta delta.1
	name=psnap-convert
	refused --reverse psnap_convert -O raw --reverse store origin new
	refused --resume psnap_convert -O raw --resume delta.1 store origin new
	refused --resume psnap_convert -O delta --resume '' store origin new
	refused --force-origin psnap_convert -O raw --force-origin store origin \
		new
	refused vmdk psnap_convert -f delta -O vmdk delta.1 origin new
	refused dm psnap_convert -f delta -O dm delta.1 origin new
	refused exists psnap_convert -O delta store origin delta.1
	expect 16 psnap_convert -f delta -O raw origin origin new
	expect 8 psnap_convert -f delta -O raw --force delta.1 origin delta.1
	[[ $stderr == *'same file as an input'* ]]
	[[ $(psnap_convert -q -O delta store origin - | sum_of /dev/stdin) == \
		"$(sum_of delta.1)" ]]
}

@test "a full disk, a closed pipe and a signal leave no delta" {
	pair
	expect 8 to_full "$PSNAP" convert -q -O delta store origin -
	large_pair
	expect 8 bash -c "set -o pipefail; '$PSNAP' convert -q -O delta store \
		origin - | head -c 1000 >/dev/null; exit \${PIPESTATUS[0]}"
	need_strace
	expect 32 cut_at INT pread64:when=400 "$PSNAP" convert -O delta store \
		origin new
	[[ $stderr == *interrupted* ]]
	nothing_remains
}

@test "the report of a delta, and of what is made of one" {
	pair
	expect 0 psnap_convert --output=json -O delta store origin delta.1
	jq -e '.format == "delta" and .input_format == "snapshot"' <<<"$output"
	jq -e ".output.size_bytes == $(stat --format=%s delta.1)" <<<"$output"
	echo "$output" >doc.1
	expect 0 psnap_convert --output=json -f delta -O raw delta.1 origin new
	jq -e '.format == "raw" and .input_format == "delta"' <<<"$output"
	jq -e '.store == null and .input.name == "delta.1"' <<<"$output"
	echo "$output" >doc.2
	fits convert doc.1 doc.2
	expect 0 psnap_convert --force -f delta -O raw delta.1 origin new
	[[ $output == *'input       delta.1, '*' bytes'* ]]
}

@test "a bad sector is told of the device that has it" {
	need_bad_sectors
	pair
	makes delta delta.1
	# Replaced, left alone, and in the store.
	expect 8 with_bad origin 12288-12800 "$PSNAP" convert -q -f delta -O raw \
		delta.1 origin new
	[[ $stderr == *': origin: byte 12288: '* ]]
	expect 8 with_bad origin 61440-61952 "$PSNAP" convert -q -f delta -O raw \
		delta.1 origin new
	[[ $stderr == *': origin: byte 61440: '* ]]
	expect 8 with_bad origin 12288-12800 "$PSNAP" convert -q -O delta store \
		origin new
	[[ $stderr == *': origin: byte 12288: '* ]]
	expect 8 with_bad store 20480-20992 "$PSNAP" convert -q -O delta store \
		origin new
	[[ $stderr == *': store: byte 20480: '* ]]
	nothing_remains
}
