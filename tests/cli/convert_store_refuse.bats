#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O store: what cannot be made is refused, what fails leaves
# nothing behind, and a file that was to be replaced stays until there is a
# whole new one.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_store

@test "usage errors name what is wrong, and nothing is made" {
	pair
	name=psnap-convert
	convert() {
		refused "$1" "$PSNAP" convert "${@:2}"
		nothing_remains
	}
	for size in 0 256 513 3K 2G x -4K; do
		convert chunk-size --chunk-size=$size -O store store origin new
	done
	for size in 0 513 100 x; do
		convert --size --size=$size -O store store origin new
	done
	for option in --chunk-size=4K --size=1M --drop-equal; do
		for format in raw vmdk dm; do
			convert "${option%=*}" $option -O $format store origin \
				new
		done
	done
	convert --target-is-zero --target-is-zero -O store store origin new
	convert --data-from --data-from=store -O store store origin new
	convert 'standard output' -O store store origin -
	convert 'MODIFIED is missing' -f raw -O store origin
	echo old >old
	convert 'old exists' -O store store origin old
	[[ $(<old) == old ]]
	makes store old --force
	is_clean old
}

@test "a store that is not sound is refused" {
	pair
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 1 2' 'exc 1 3' | store store
	refuses_to 4 'not converted' -O store store origin new
	refuses_to 4 'store comes first' -O store origin store new
}

@test "it must not be one of its inputs, by whatever name" {
	pair
	ln -s store link
	before=$(state_of store origin)
	for file in store origin link; do
		expect 8 psnap_convert -q --force -O store store origin $file
		[[ $stderr == *'same file as an input'* ]]
	done
	[[ $(state_of store origin) == "$before" ]]
}

@test "if it fails nothing remains, and the old file if there was one" {
	need_strace
	local call when
	pair
	head -c 9M /dev/urandom >>origin
	psnap_convert -q -O raw store origin modified
	for call in pwrite64:error=ENOSPC pwrite64:error=EIO \
		ftruncate:error=EFBIG; do
		first_call "${call%%:*}" '.*/[.]psnap-' -O store \
			--chunk-size=4M store origin out
		rm out
		for when in 0 1; do
			fails_to_make "$call:when=$((nth + when))" -O store \
				--chunk-size=4M store origin
			[[ $call != ftruncate* ]] || break
		done
	done
	for call in fsync:error=EIO:when=1 fsync:error=EIO:when=2 \
		fsync:error=EIO:when=4 \
		rename,renameat,renameat2:error=EIO:when=1; do
		fails_to_make $call -O store --chunk-size=4M store origin
	done
}

@test "if it is interrupted nothing remains, and the old file if there was one" {
	need_strace
	local before when
	long_pair
	before=$(state_of store origin)
	first_call pwrite64 '.*/[.]psnap-' -O store store origin out
	echo "write $nth is the first to the file"
	for signal in INT TERM; do
		for when in 1 "$nth" $((nth + 1)) $((nth + 2)); do
			expect 32 cut_at $signal "pwrite64:when=$when" \
				"$PSNAP" convert -q -O store store origin new
			[[ -z $output && $stderr != *$'\n'* ]]
			[[ $stderr == *': interrupted; '* ]]
			nothing_remains
			echo old >old
			expect 32 cut_at $signal "pwrite64:when=$when" \
				"$PSNAP" convert -q --force -O store store \
				origin old
			[[ $(<old) == old ]]
			nothing_remains
		done
		# While chunks are compared, too.
		expect 32 cut_at $signal pread64:when=40 "$PSNAP" convert -q \
			-O store --drop-equal store origin new
		nothing_remains
	done
	[[ $(state_of store origin) == "$before" ]]
}
