#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -f: what goes in besides a store and its origin. Two images
# become a store that leads from the one to the other; a dump is in
# convert_ndjson.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_store

# --- two images ----------------------------------------------------------------

# leads_there [OPTION...]: from origin to modified, by a new store.
leads_there() {
	local before
	before=$(state_of origin modified)
	silent 0 psnap_convert -q -f raw -O store "$@" origin modified new
	[[ -z $output && $(state_of origin modified) == "$before" ]]
	is_clean new
	[[ $(view_sum new origin) == "$(sum_of modified)" ]]
	cp origin merged
	expect 0 psnap_merge -q new merged
	cmp merged modified
	rm new
}

every_way() {
	local size
	cp view modified
	for size in 512 4K 64K 1M; do
		leads_there --chunk-size=$size
	done
	# As small as that of the pair, if the pair had no equal chunk.
	silent 0 psnap_convert -q -f raw -O store origin modified new
	silent 0 psnap_convert -q -O store --chunk-size=4K --drop-equal store \
		origin new2
	cmp new new2
	rm new new2
}

@test "two images become a store that leads from the one to the other" {
	random_pairs every_way
}

@test "and whatever else holds changes" {
	local size
	for size in 300001 1048576; do
		head -c $size /dev/urandom >origin
		cp origin modified
		printf changed | dd of=modified bs=1 seek=70000 conv=notrunc \
			status=none
		silent 0 psnap_convert -q -f raw -O delta origin modified new
		cp origin merged
		expect 0 psnap_merge -q new merged
		cmp merged modified
		rm new
		silent 0 psnap_convert -q -f raw -O lvmsync origin modified new
		silent 0 psnap_convert -q -f lvmsync -O raw new origin view
		cmp view modified
		rm new view
		command -v qemu-img >/dev/null || continue
		silent 0 psnap_convert -q -f raw -O qcow2 origin modified new
		qemu-img check -q -f qcow2 new
		qemu-img compare -q -f qcow2 -F raw new modified
		rm new
	done
}

@test "images of odd size, of nothing, and two that are the same" {
	local size
	for size in 1 511 512 513 4095 4096 4097 300001; do
		head -c $size /dev/urandom >origin
		cp origin modified
		leads_there
		# The last byte alone.
		printf '\n' | dd of=modified bs=1 seek=$((size - 1)) \
			conv=notrunc status=none
		cmp -s origin modified && continue
		leads_there
		leads_there --chunk-size=64K
	done
	: >origin
	: >modified
	leads_there
	head -c 1M /dev/urandom >origin
	cp origin modified
	expect 0 psnap_convert -f raw -O store origin modified new
	[[ $output == *'new store   0 exceptions of 4096 bytes'* ]]
	is_empty_store new
}

@test "what changed, chunk by chunk" {
	local i
	for i in {1..40}; do
		printf '%04096d' "$i"
	done >origin
	cp origin modified
	for i in 0 5 6 39; do
		printf x | dd of=modified bs=1 seek=$((i * 4096 + 77)) \
			conv=notrunc status=none
	done
	psnap_convert -q -f raw -O store origin modified new
	diff -u - <(psnap_dump --output=csv new | sed 1d | cut -d , -f 1-3) \
		<<-'END'
			0,2,1
			5,3,2
			39,5,1
		END
	psnap_convert -q -f raw -O store --chunk-size=8K origin modified new2
	diff -u - <(psnap_dump --output=csv new2 | sed 1d | cut -d , -f 1-3) \
		<<-'END'
			0,2,1
			2,3,2
			19,5,1
		END
}

@test "what is a hole in both images is not read" {
	need_strace
	local bytes
	truncate --size=20G origin modified
	head -c 100000 /dev/urandom |
		dd of=modified bs=1M seek=9000 conv=notrunc status=none
	(($(blocks modified) < 1000)) || skip "no holes here"
	bytes_read_to -f raw -O store origin modified new
	((bytes < 8 << 20))
	[[ $(psnap_check --output=json new | jq .table.exceptions) == 25 ]]
}

@test "images of different sizes are refused" {
	head -c 8192 /dev/urandom >origin
	for size in 0 8191 8193 16384; do
		head -c $size /dev/urandom >store
		refuses_to 4 "$size bytes, and origin has 8192" -f raw -O store \
			origin store new
	done
}

@test "the same image twice, by whatever name, is refused" {
	pair
	name=psnap-convert
	ln origin hard
	ln -s origin soft
	for other in origin hard soft; do
		refused 'ORIGIN and MODIFIED are the same' "$PSNAP" convert \
			-f raw -O store origin $other new
	done
	for other in missing /dev/null .; do
		refuses_to 8 "psnap-convert: $other: " -f raw -O store \
			origin $other new
		refuses_to 8 "psnap-convert: $other: " -f raw -O store \
			$other origin new
	done
	before=$(state_of store origin)
	for file in store origin; do
		expect 8 psnap_convert -q --force -f raw -O store origin store \
			$file || expect 4 psnap_convert -q --force -f raw \
			-O store origin store $file
	done
	[[ $(state_of store origin) == "$before" ]]
}

@test "what is said of two images" {
	pair
	remember
	mv view modified
	rm store
	expect 0 psnap_convert -f raw -O store origin modified new
	[[ $stderr == *': file system: none known' && $stderr != *$'\n'* ]]
	diff -u - <(echo "$output") <<-'END'
		origin      origin, 116224 bytes
		input       modified, 116224 bytes
		file system none known
		format      store
		output      new, 73728 bytes
		new store   16 exceptions of 4096 bytes
	END
	expect 0 psnap_convert --output=json -f raw -O store origin modified \
		new2
	echo "$output" >doc
	fits convert doc
	jq -e '.input_format == "raw" and .store == null and .verdict == null
		and .origin == {name: "origin", size_bytes: 116224}
		and .input == {name: "modified", size_bytes: 116224}
		and .exceptions == null and .new_store.exceptions == 16' doc
}

@test "a bad sector of either image is named, and nothing remains" {
	need_bad_sectors
	head -c 1M /dev/urandom >origin
	head -c 1M /dev/urandom >modified
	for file in origin modified; do
		expect 8 with_bad $file 500000-500512 "$PSNAP" convert -q \
			-f raw -O store origin modified new
		[[ -z $output && $stderr != *$'\n'* ]]
		[[ $stderr == *"byte 500000: "*"$file"* ]]
		nothing_remains
	done
}

# --- two images, or a dump -----------------------------------------------------

@test "usage errors name what is wrong, and nothing is made" {
	pair
	psnap_dump --output=ndjson store >dump
	name=psnap-convert
	convert() {
		refused "$1" "$PSNAP" convert "${@:2}"
		nothing_remains
	}
	for format in raw vmdk dm; do
		convert "$format cannot be made of" -f ndjson -O $format dump \
			new
		convert "$format cannot be made of" -f raw -O $format origin \
			store new
	done
	for option in --chunk-size=4K --size=2M --drop-equal; do
		convert "${option%=*}" -f ndjson -O store $option dump new
	done
	convert --accept-invalid -f raw -O store --accept-invalid a b new
	convert --accept-invalid -f ndjson -O store --accept-invalid dump new
	convert --data-from -f raw -O store --data-from=store a b new
	convert --data-from -f ndjson -O store --data-from= dump new
	convert '--data-from: dump is the dump' -f ndjson -O store \
		--data-from=dump dump new
	convert 'OUTPUT is missing' -f ndjson -O store dump
	convert 'one operand too many' -f ndjson -O store dump new new2
	convert 'standard output' -f ndjson -O store dump -
	for file in dump store; do
		before=$(state_of dump store)
		expect 8 psnap_convert -q --force -f ndjson -O store \
			--data-from=store dump $file
		[[ $(state_of dump store) == "$before" ]]
	done
}

@test "if it fails or is interrupted nothing remains" {
	need_strace
	local call
	long_pair
	remember
	psnap_dump --output=ndjson --crc32 store >dump
	inputs=('-f raw origin view' '-f ndjson --data-from=store dump')
	for words in "${inputs[@]}"; do
		read -ra words <<<"$words"
		first_call ftruncate '.*/[.]psnap-' -O store "${words[@]}" out
		rm out
		truncated=$nth
		first_call pwrite64 '.*/[.]psnap-' -O store "${words[@]}" out
		rm out
		for call in "pwrite64:error=ENOSPC:when=$nth" \
			"pwrite64:error=ENOSPC:when=$((nth + 1))" \
			fsync:error=EIO:when=1 \
			"ftruncate:error=EFBIG:when=$truncated" \
			rename,renameat,renameat2:error=EIO:when=1; do
			fails_to_make "$call" -O store "${words[@]}"
		done
		for call in "pwrite64:when=$nth" "pwrite64:when=$((nth + 2))" \
			pread64:when=9; do
			expect 32 cut_at TERM "$call" "$PSNAP" convert -q \
				-O store "${words[@]}" new
			[[ -z $output && $stderr == *': interrupted; '* ]]
			nothing_remains
		done
	done
}
