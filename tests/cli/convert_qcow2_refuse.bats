#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O qcow2: what cannot be is refused, what fails leaves nothing
# behind, and a file that was to be replaced stays until there is a whole new
# one.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

@test "usage errors name what is wrong, and nothing is made" {
	local value option
	pair
	name=psnap-convert
	convert() {
		refused "$1" "$PSNAP" convert "${@:2}"
		nothing_remains
	}
	convert 'qcow2 needs a file, standard output will not do' -O qcow2 \
		store origin -
	for value in 256 0 4M 3K 4097 x '' -1; do
		convert 'cluster-size' -O qcow2 --cluster-size="$value" store \
			origin new
	done
	for option in --compress --standalone --cluster-size=4K; do
		for format in raw vmdk dm; do
			convert "${option%=*}: only a qcow2 image" $option \
				-O $format store origin new
		done
	done
}

@test "a store with errors is refused, and an invalid one" {
	pair
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' | store store
	refuses_to 4 'not converted: ' -O qcow2 store origin new
	expect 4 psnap_convert --output=json -q -O qcow2 store origin new
	expect 4 psnap_convert --output=json -O qcow2 store origin new
	echo "$output" >refused
	fits convert refused
	jq -e '.output == null and .qcow2 == null' refused
	nothing_remains
}

@test "what exists, and what is an input, is never written to" {
	local before
	pair
	name=psnap-convert
	echo text >file
	mkdir directory
	ln -s file link
	ln origin hard
	before=$(state_of store origin)
	for file in file directory link store origin hard /dev/null; do
		refused "$file exists" "$PSNAP" convert -O qcow2 store origin \
			"$file"
	done
	for file in directory /dev/null store origin hard; do
		expect 8 "$PSNAP" convert --force -O qcow2 store origin "$file"
		[[ -z $output && $stderr == *"psnap-convert: $file: "* ]]
	done
	[[ $(<file) == text && $(state_of store origin) == "$before" ]]
	for file in missing/new store/new nowhere/; do
		refuses_to 8 "psnap-convert: $file: " -O qcow2 store origin \
			$file
	done
	expect 0 "$PSNAP" convert --force -q -O qcow2 store origin file
	qemu-img check -q -f qcow2 file || ! command -v qemu-img
	nothing_remains
}

@test "the path of the origin has to fit into the first cluster" {
	local deep before
	pair
	deep=$(printf 'd%.0s' {1..100})
	deep=$deep/$deep/$deep/$deep
	mkdir -p "$deep/$deep"
	mv origin "$deep/origin"
	printf '%s\n' 'chunk 512' 'alloc 3' | store store
	expect 0 psnap_convert -O qcow2 store "$deep/origin" new
	[[ $stderr == *'with clusters of 512 bytes QEMU could not open'*'1024 bytes'* ]]
	expect 16 psnap_convert -O qcow2 --cluster-size=512 store \
		"$deep/origin" new2
	[[ $stderr == *'smallest that will do is 1024'* && ! -e new2 ]]
	silent 0 psnap_convert -q -O qcow2 --standalone --cluster-size=512 \
		store "$deep/origin" other
	if command -v qemu-img; then
		qemu-img check -q -f qcow2 new
		qemu-img compare -q -f qcow2 -F qcow2 new other
	fi
	rm new other
	mv "$deep/origin" "$deep/$deep/"
	deep=$deep/$deep
	mkdir -p "$deep/$deep"
	mv "$deep/origin" "$deep/$deep/"
	expect 8 psnap_convert -O qcow2 store "$deep/$deep/origin" new
	[[ $stderr == *"longer than the 1023 characters"* ]]
	nothing_remains
	silent 0 psnap_convert -q -O qcow2 --standalone store \
		"$deep/$deep/origin" other
}

@test "what cannot be read is a failure, and is named" {
	need_bad_sectors
	pair
	for options in '' --standalone --compress; do
		for what in 'store 20480-20992 20480' 'origin 69632-70144 69632'; do
			read -r file range where <<<"$what"
			# An overlay needs nothing of the origin.
			[[ $file$options != origin && \
				$file$options != origin--compress ]] || continue
			# shellcheck disable=SC2086 # none or one
			expect 8 with_bad "$file" "$range" "$PSNAP" convert \
				--progress=none -O qcow2 $options store \
				origin new
			[[ ${stderr##*$'\n'} == "psnap-convert: $file: "*"$where"* ]]
			nothing_remains
		done
	done
}

@test "if it fails nothing remains, and the old file if there was one" {
	need_strace
	local options n
	pair
	for options in '' '--standalone --compress'; do
		# shellcheck disable=SC2086 # several words
		first_call pwrite64 '.*/[.]psnap-' -O qcow2 $options store \
			origin out
		last=$(wc -l <trace)
		echo "writes $nth to $last"
		rm out
		((last > nth + 4))
		for ((n = nth; n <= last; n++)); do
			# shellcheck disable=SC2086
			fails_to_make "pwrite64:error=ENOSPC:when=$n" -O qcow2 \
				$options store origin
		done
		for n in "pwrite64:error=EIO:when=$nth" fsync:error=EIO:when=1 \
			rename,renameat,renameat2:error=EIO:when=1; do
			# shellcheck disable=SC2086
			fails_to_make $n -O qcow2 $options store origin
		done
	done
}

@test "if it is interrupted nothing remains, and the old file if there was one" {
	need_strace
	local before when options
	long_pair
	before=$(state_of store origin)
	echo old >old
	for options in '' --compress '--standalone --compress'; do
		for signal in INT TERM; do
			for when in 1 5; do
				# shellcheck disable=SC2086
				expect 32 cut_at $signal "pwrite64:when=$when" \
					"$PSNAP" convert -q -O qcow2 $options \
					store origin new
				[[ -z $output && $stderr == *': interrupted; '* ]]
				nothing_remains
				# shellcheck disable=SC2086
				expect 32 cut_at $signal "pwrite64:when=$when" \
					"$PSNAP" convert -q --force -O qcow2 \
					$options store origin old
				[[ $(<old) == old ]]
				nothing_remains
			done
		done
	done
	[[ $(state_of store origin) == "$before" ]]
}

@test "past the limit of a file's size nothing remains" {
	pair
	head -c 3M /dev/urandom >>origin
	# shellcheck disable=SC2016 # it is for the other shell
	run -8 --separate-stderr bash -c \
		'ulimit -f 100; exec "$0" convert -q -O qcow2 --standalone store origin new' \
		"$PSNAP"
	[[ $stderr == 'psnap-convert: new: '* ]]
	nothing_remains
}
