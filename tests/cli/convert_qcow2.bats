#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O qcow2: QEMU finds nothing wrong with the image, and sees in
# it what the snapshot shows. Every byte of the tables is looked at by
# tests/unit/t_qcow2.c; large disks are in convert_qcow2_large.bats, refusals
# and failures in convert_qcow2_refuse.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_qcow2

qcow2_is_the_view() {
	local options
	for options in '' --compress --standalone '--standalone --compress' \
		'--cluster-size=512' '--cluster-size=2M --compress' \
		'--cluster-size=2M' '--cluster-size=1K --standalone'; do
		echo "# $options"
		# shellcheck disable=SC2086 # several words
		makes qcow2 new.qcow2 $options
		is_the_view new.qcow2
		if [[ $options == *--standalone* ]]; then
			[[ $(info new.qcow2 '."backing-filename"') == null ]]
			mv origin away
			is_the_view new.qcow2
			mv away origin
		else
			[[ $(info new.qcow2 '."backing-filename"') == "$PWD/origin" ]]
			[[ $(info new.qcow2 '."backing-filename-format"') == raw ]]
		fi
		rm new.qcow2
	done
}

@test "QEMU sees what the snapshot shows, whatever the size of the chunks" {
	need_qemu
	random_pairs qcow2_is_the_view
}

@test "chunks of more than 2 MiB become several clusters" {
	need_qemu
	printf '%s\n' 'chunk 8M' 'alloc 0' 'alloc 2' 'data pattern' |
		store store
	head -c 20M /dev/urandom >origin
	remember
	qcow2_is_the_view
	makes qcow2 new.qcow2
	[[ $(info new.qcow2 '."cluster-size"') == $((2 << 20)) ]]
	[[ $(stored new.qcow2) == $((12 << 20)) ]]
}

@test "clusters are the chunks, and nothing else is stored" {
	need_qemu
	pair
	remember
	makes qcow2 new.qcow2
	[[ $(info new.qcow2 '."cluster-size"') == 4096 ]]
	[[ $(info new.qcow2 '."virtual-size"') == 116224 ]]
	[[ $(info new.qcow2 '."format-specific".data.compat') == 1.1 ]]
	qemu-img map --output=json -f qcow2 new.qcow2 |
		jq -e '[.[] | select(.depth == 0) | [.start, .length]]
			== [[12288, 45056], [98304, 17920]]'
	# Larger ones have the rest from the view.
	makes qcow2 new2.qcow2 --cluster-size=16K
	is_the_view new2.qcow2
	[[ $(stored new2.qcow2) == $((65536 + 17920)) ]]
}

@test "origins of odd size are rounded up to sectors, as QEMU does" {
	need_qemu
	local size
	for size in 1 511 512 513 4095; do
		pair
		truncate --size=$((28 * 4096 + size)) origin
		remember
		qcow2_is_the_view
		makes qcow2 new.qcow2
		[[ $(info new.qcow2 '."virtual-size"') == \
			$(((28 * 4096 + size + 511) / 512 * 512)) ]]
		# What is added is zero.
		qemu-img convert -f qcow2 -O raw new.qcow2 got
		head -c $((28 * 4096 + size)) got | cmp - view
		tail -c +$((28 * 4096 + size + 1)) got | tr -d '\0' >rest
		[[ ! -s rest ]]
		rm new.qcow2 got
	done
	empty_store store
	remember
	qcow2_is_the_view
	: >origin
	remember
	qcow2_is_the_view
}

@test "zeros and holes of the store hide what the origin has there" {
	need_qemu
	hiding_pair
	qcow2_is_the_view
	expect 0 psnap_convert -O qcow2 store origin new.qcow2
	[[ $output == *$'\n''clusters    10 of 4096 bytes, 0 of them compressed, and 6 that are zero'$'\n'* ]]
	qemu-img map --output=json -f qcow2 new.qcow2 |
		jq -e '[.[] | select(.zero and .depth == 0 and .offset == null)
			| [.start, .length]] == [[12288, 24576]]'
	rm new.qcow2
	# On its own, nothing is noted that nothing is needed for.
	expect 0 psnap_convert -O qcow2 --standalone --cluster-size=4K store \
		origin new.qcow2
	[[ $output == *$'\n''clusters    23 of 4096 bytes, 0 of them compressed, and 0 that are zero'$'\n'* ]]
}

@test "what is written to the image is written to neither of the two" {
	need_qemu
	command -v qemu-io >/dev/null || skip "no qemu-io"
	local before options
	pair
	remember
	for options in '' --compress; do
		# shellcheck disable=SC2086 # none or one
		makes qcow2 new.qcow2 $options
		before=$(state_of store origin)
		qemu-io -f qcow2 -c 'write -P 7 0 100k' new.qcow2
		[[ $(state_of store origin) == "$before" ]]
		qemu-img check -q -f qcow2 new.qcow2
		qemu-img convert -f qcow2 -O raw new.qcow2 got
		head -c 100K /dev/zero | tr '\0' '\7' | cmp -n 102400 - got
		cmp -i 102400 got view
		# A snapshot of its own needs reference counts of more than one.
		qemu-img snapshot -c one new.qcow2
		qemu-img check -q -f qcow2 new.qcow2
		rm new.qcow2
	done
}

@test "committed to the origin, it is what a merge makes of it" {
	need_qemu
	local options
	pair
	dd if=/dev/zero of=store bs=4096 seek=4 count=2 conv=notrunc status=none
	remember
	for options in '' --compress --cluster-size=64K --cluster-size=512; do
		cp origin.before origin
		# shellcheck disable=SC2086 # none or one
		makes qcow2 new.qcow2 $options
		qemu-img commit -q -f qcow2 new.qcow2
		cmp origin view
		rm new.qcow2
	done
	cp origin.before merged
	psnap_merge -q store merged
	cmp merged origin
}

@test "what can be compressed becomes smaller, what cannot does not" {
	need_qemu
	local plain packed
	printf '%s\n' 'chunk 4K' 'alloc 100' | store store
	seq 1000000 | head -c 4M >origin
	remember
	makes qcow2 plain --standalone
	makes qcow2 packed --standalone --compress
	is_the_view packed
	plain=$(stat --format=%s plain) packed=$(stat --format=%s packed)
	echo "$plain, $packed bytes"
	((packed < plain / 2))
	expect 0 psnap_convert --output=json -O qcow2 --standalone --compress \
		store origin new
	echo "$output" >doc
	fits convert doc
	jq -e --argjson size "$packed" '.qcow2 == {cluster_size_bytes: 65536,
		clusters: 64, compressed_clusters: 64, zero_clusters: 0}
		and .output.size_bytes == $size' doc
	# The same whatever the threads do.
	cmp new packed
	head -c 4M /dev/urandom >origin
	expect 0 psnap_convert --output=json -O qcow2 --standalone --compress \
		store origin random
	jq -e '.qcow2.clusters == 64 and .qcow2.compressed_clusters < 2' \
		<<<"$output"
}

@test "the report and the document have the clusters" {
	need_qemu
	pair
	expect 0 psnap_convert -O qcow2 store origin new
	[[ $stderr == *': file system: none known' && $stderr != *$'\n'* ]]
	diff -u - <(echo "$output") <<-END
		store       store, 1048576 bytes
		origin      origin, 116224 bytes
		file system none known
		format      qcow2
		output      new, $(stat --format=%s new) bytes
		clusters    16 of 4096 bytes, 0 of them compressed, and 0 that are zero
		segments    2 of the origin, 2 of the store
	END
	psnap_convert --output=json -O qcow2 store origin new2 >doc
	fits convert doc
	jq -e '.qcow2 == {cluster_size_bytes: 4096, clusters: 16,
		compressed_clusters: 0, zero_clusters: 0}' doc
	psnap_convert --output=json -O raw store origin new3 >doc
	jq -e 'has("qcow2") | not' doc
}

@test "an image has holes where its clusters have" {
	need_qemu
	printf '%s\n' 'chunk 64K' 'alloc 1' | store store
	truncate --size=16M origin
	for at in 0 70 140; do
		head -c 4096 /dev/urandom | dd of=origin bs=64K seek="$at" \
			conv=notrunc status=none
	done
	remember
	(($(blocks origin) < 1000)) || skip "no holes here"
	makes qcow2 new --standalone --cluster-size=2M
	is_the_view new
	echo "$(stat --format=%s new) bytes, $(blocks new) blocks"
	(($(stat --format=%s new) > 6 << 20 && $(blocks new) < 200))
}

@test "holes of the inputs are not read" {
	need_strace
	need_qemu
	local bytes
	sparse_pair
	for options in '' --standalone --compress; do
		# shellcheck disable=SC2086 # none or one
		bytes_read_to -O qcow2 $options store origin new
		((bytes > 16384 && bytes < 8 << 20))
		qemu-img check -q -f qcow2 new
		rm new
	done
}
