#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O store: the new store shows what the old one shows, and is one
# that every kernel takes. Whether a kernel loads it is for tests/kernel;
# devices are in convert_store_devices.bats, refusals and failures in
# convert_store_refuse.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_store

sizes='512 1K 4K 16K 64K 256K 1M 8M'

# --- the same view -------------------------------------------------------------

in_all_sizes() {
	local size
	for size in $sizes; do
		makes store new --chunk-size="$size"
		is_clean new
		shows_the_view new
		[[ $size == 64K ]] || { rm new && continue; }
		# There and back.
		psnap_convert -q -O store --chunk-size=512 new origin new2
		is_clean new2
		shows_the_view new2
		psnap_convert -q -O store --chunk-size=64K new2 origin new3
		cmp new3 new
		rm new new2 new3
	done
}

@test "whatever its chunks, the new store shows what the old one shows" {
	random_pairs in_all_sizes
}

merges_as_well() {
	local size
	for size in 512 4K 1M; do
		makes store new --chunk-size=$size --drop-equal
		cp origin merged
		expect 0 psnap_merge -q new merged
		cmp merged view
		rm new
	done
}

@test "merging the new store makes of the origin what it shows" {
	random_pairs merges_as_well
}

@test "origins of odd size, and stores without exceptions" {
	local bytes size
	for bytes in 1 511 512 513 4095 4096; do
		pair
		truncate --size=$((28 * 4096 + bytes)) origin
		remember
		for size in 512 4K 1M; do
			makes store new --chunk-size=$size
			is_clean new
			shows_the_view new
			rm new
		done
	done
	empty_store store
	for bytes in 116224 0; do
		truncate --size=$bytes origin
		remember
		for size in 512 4K 64K; do
			makes store new --chunk-size=$size
			is_empty_store new
			shows_the_view new
			# At least three chunks, and what a kernel reads.
			case $size in
			64K) [[ $(stat --format=%s new) == 196608 ]] ;;
			*) [[ $(stat --format=%s new) == 16384 ]] ;;
			esac
			rm new
		done
	done
}

@test "--accept-invalid makes a valid store of an overflowed one" {
	corpus overflow .
	mv overflow.cow store
	mv overflow.origin origin
	remember
	refuses_to 4 --accept-invalid -O store store origin new
	expect 0 psnap_convert --accept-invalid -O store store origin new
	is_clean new
	shows_the_view new
}

# --- its layout ----------------------------------------------------------------

# table FILE: its runs, without the places of their entries.
table() {
	psnap_dump --output=csv "$1" | sed 1d | cut -d , -f 1-3
}

@test "the new store is compact and sorted" {
	# Disorder, holes, and rubbish in what is not used.
	printf '%s\n' 'chunk 4K' 'size 4M' 'exc 24 300 5' 'exc 3 500 11' \
		'data pattern' | store store
	head -c $((29 * 4096)) /dev/urandom >origin
	remember
	makes store new
	diff -u - <(table new) <<-'END'
		3,2,11
		24,13,5
	END
	[[ $(stat --format=%s new) == $((18 * 4096)) ]]
	# Halves, and what an area of 32 entries makes of eighths.
	makes store new2 --chunk-size=2K
	diff -u - <(table new2) <<-'END'
		6,2,22
		48,24,10
	END
	[[ $(stat --format=%s new2) == $((34 * 2048)) ]]
	makes store new3 --chunk-size=512
	# 128 chunks are four full areas. The fifth is chunk 133, and the last
	# exception is behind it, or old kernels would go wrong.
	diff -u - <(table new3) <<-'END'
		24,2,32
		56,35,32
		88,68,24
		192,92,8
		200,101,31
		231,134,1
	END
	# Whole, half and half: 0 to 2 of 16 KiB, and 6 and 7.
	makes store new4 --chunk-size=16K
	diff -u - <(table new4) <<-'END'
		0,2,4
		6,6,2
	END
	# What it is like does not depend on the old one.
	makes store new5 --chunk-size=4K
	cmp new new5
	psnap_convert -q -O store new origin new6
	cmp new new6
}

@test "a table that fills its areas does not end where old kernels go wrong" {
	local count
	for count in 31 32 33 63 64 65 320; do
		printf '%s\n' 'chunk 512' "exc 1 2 1" "alloc 3 $((count - 1))" |
			store store
		head -c 300000 /dev/urandom >origin
		remember
		makes store new
		is_clean new
		shows_the_view new
		[[ $(psnap_check --output=json new | jq .table.exceptions) == \
			"$count" ]]
		rm new
	done
}

@test "--size makes it as large as it is to be, if it holds the store" {
	pair
	remember
	refuses_to 8 'needs 73728 bytes, and 73216 are too small' \
		-O store --size=73216 store origin new
	refuses_to 8 'needs 73728 bytes' -O store --size=512 store origin new
	for size in 73728 144s 72K 1M 10G; do
		makes store new --size=$size
		is_clean new
		shows_the_view new
		(($(blocks new) < 1000))
		case $size in
		1M) [[ $(stat --format=%s new) == 1048576 ]] ;;
		10G) [[ $(stat --format=%s new) == 10737418240 ]] ;;
		*) [[ $(stat --format=%s new) == 73728 ]] ;;
		esac
		rm new
	done
	# The kernel has room then.
	makes store roomy --size=1M
	[[ $(psnap_check --output=json roomy | jq -r .usage.status) == \
		'144/2048 16' ]]
	# Of the sizes that there are it needs that one which the message says.
	refuses_to 8 'needs 3221225472 bytes' -O store --chunk-size=1G \
		--size=3221224960 store origin new
	makes store new2 --chunk-size=1G --size=3221225472
	is_clean new2
	shows_the_view new2
	(($(blocks new2) < 1000))
}

@test "--drop-equal leaves out what is as in the origin" {
	pair
	# Chunks 3 to 6 and the last one, which is cut, are as in the origin.
	dd if=origin of=store bs=4096 skip=3 seek=2 count=4 conv=notrunc \
		status=none
	dd if=origin of=store bs=4096 skip=28 seek=24 count=1 conv=notrunc \
		status=none
	remember
	makes store new
	[[ $(table new) == $'3,2,11\n24,13,5' ]]
	expect 0 psnap_convert -O store --drop-equal store origin new2
	[[ $output == *'new store   11 exceptions of 4096 bytes; 5 left out'* ]]
	[[ $(table new2) == $'7,2,7\n24,9,4' ]]
	is_clean new2
	shows_the_view new2
	# With chunks of 32 KiB none of the four that there are is as it was.
	expect 0 psnap_convert --output=json -O store --drop-equal \
		--chunk-size=32K store origin new3
	echo "$output" >doc
	fits convert doc
	jq -e '.new_store == {chunk_size_bytes: 32768, exceptions: 3,
		dropped: 0, data_missing: false}' <<<"$output"
	# Half a chunk is less than a whole one.
	expect 0 psnap_convert --output=json -O store --drop-equal \
		--chunk-size=512 store origin new4
	jq -e '.new_store.exceptions == 88 and .new_store.dropped == 35' \
		<<<"$output"
	shows_the_view new4
	is_clean new4
	# Nothing is left of a store that was never written to.
	psnap_merge -q store.before origin.before
	cp view origin
	makes store new5 --drop-equal
	is_empty_store new5
}

@test "holes of the inputs are not read, and are holes of the new store" {
	need_strace
	local bytes
	sparse_pair
	bytes_read_to -O store --chunk-size=1M store origin new
	((bytes < 8 << 20))
	is_clean new
	(($(stat --format=%s new) > 40 << 20 && $(blocks new) < 1000))
}

# --- what it says --------------------------------------------------------------

@test "the report says what the new store is like" {
	pair
	expect 0 psnap_convert -O store --chunk-size=64K store origin new
	diff -u - <(echo "$output") <<-'END'
		store       store, 1048576 bytes
		origin      origin, 116224 bytes
		file system none known
		format      store
		output      new, 262144 bytes
		new store   2 exceptions of 65536 bytes
		segments    2 of the origin, 2 of the store
	END
	expect 0 psnap_convert --output=json -O store --chunk-size=64K store \
		origin new2
	echo "$output" >doc
	fits convert doc
	jq -e '.format == "store" and .input_format == "snapshot"
		and .input == null and .new_store.exceptions == 2
		and .output == {name: "new2", size_bytes: 262144}
		and .exceptions == 16 and .exit_status == 0' doc
	psnap_convert --output=json -O dm store origin new3 >doc
	fits convert doc
	jq -e '.new_store == null' doc
	# Progress goes from nothing to all.
	psnap_convert --progress=json -O store store origin new4 2>err >out
	grep '^{' err | jq -e .progress
}
