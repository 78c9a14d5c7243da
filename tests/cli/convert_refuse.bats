#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert: what is not fit to be converted, or cannot be said in a format,
# is refused, and it is said why. Where OUTPUT may be, and failures, are in
# convert_output.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# --- the command line ----------------------------------------------------------

@test "usage errors name what is wrong, and nothing is made" {
	local format
	pair
	name=psnap-convert
	convert() {
		refused "$1" "$PSNAP" convert "${@:2}"
		nothing_remains
	}
	convert 'STORE is missing' -O raw
	convert 'ORIGIN is missing' -O raw store
	convert 'OUTPUT is missing' -O raw store origin
	convert 'four: one operand too many' -O raw store origin new four
	convert output-format store origin new
	for format in qcow RAW '' raw,dm; do
		convert "${format:-output-format}" -O "$format" store origin new
	done
	for format in none SNAPSHOT ''; do
		convert "${format:-input-format}" -f "$format" -O raw store \
			origin new
	done
	convert --output=json --output=json -O raw store origin -
	convert csv --output=csv -O raw store origin new
	convert --chunk-size --chunk-size=4K -O raw store origin new
	for format in raw vmdk; do
		convert --store-device --store-device=/dev/x -O $format \
			store origin new
		convert --origin-device -O $format --origin-device=/dev/x \
			store origin new
	done
	convert --store-device --store-device= -O dm store origin new
	convert '' -O raw store origin ''
	for format in vmdk dm; do
		convert --target-is-zero --target-is-zero -O $format store \
			origin new
	done
	for file in new -; do
		convert --target-is-zero --target-is-zero -O raw store origin \
			$file
	done
	convert '' --list-formats store origin new
}

@test "the last of several formats counts" {
	pair
	makes dm table -O raw -O dm
	grep -q linear table
}

# --- operands ------------------------------------------------------------------

@test "operands that cannot be opened are named" {
	pair
	mkdir directory
	mkfifo fifo
	for other in missing directory fifo /dev/null; do
		refuses_to 8 "psnap-convert: $other: " -O raw store "$other" new
		refuses_to 8 "psnap-convert: $other: " -O dm "$other" origin new
	done
}

@test "the same file twice, by whatever name, is refused" {
	pair
	name=psnap-convert
	ln store hard-link
	ln -s store symlink
	for other in store ./store hard-link symlink; do
		refused 'are the same' "$PSNAP" convert -O raw store $other new
		refused 'are the same' "$PSNAP" convert -O dm $other store new
	done
	nothing_remains
}

@test "a pair in the wrong order is refused, and that is said" {
	pair
	mv store origin2
	mv origin store
	mv origin2 origin
	for format in $formats; do
		refuses_to 4 'psnap-convert: store: not converted: it is no store, but origin is one; the store comes first' \
			-O "$format" store origin new
	done
}

@test "a store with errors is refused, with the list" {
	pair
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' 'exc 0 3' |
		store store
	for format in $formats; do
		refuses_to 4 'psnap-convert: store: error duplicate-new: byte ' \
			-O "$format" store origin new
		[[ $stderr == *'error duplicate-old: byte '* ]]
		[[ $stderr == *$'\n'*': not converted: '* ]]
		refuses_to 4 'not converted: ' -O "$format" store origin -
		refuses_to 4 'not converted: ' --accept-invalid -O "$format" \
			store origin new
	done
	# With -q only the last line is left.
	refuses_to 4 'psnap-convert: store: not converted: ' -q -O raw store \
		origin new
	[[ $stderr != *$'\n'* ]]
	# What was to be replaced stays.
	echo old >file
	refuses_to 4 'not converted: ' --force -O raw store origin file
	[[ $(<file) == old ]]
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 400 2' | store store
	refuses_to 4 'old-chunk-out-of-range' -O raw store origin new
	# Beyond the end of the store, where there is nothing to be shown.
	printf '%s\n' 'chunk 4K' 'exc 3 2 2' 'truncate 12K' | store store
	for format in $formats; do
		refuses_to 4 'not converted: ' -O "$format" store origin new
	done
}

@test "a warning or a note is no reason to refuse" {
	head -c 1M /dev/urandom >origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 5 2' 'exc 9 10' 'set 0 9 7 8' \
		'data pattern' | store store
	expect 4 psnap_check store origin
	remember
	makes raw new
	cmp new view
	makes dm table
	dm_shows table | cmp - view
}

@test "what is no store is refused" {
	pair
	for file in blank random short empty; do
		case $file in
		blank) truncate --size=0 store && truncate --size=1M store ;;
		random) head -c 1M /dev/urandom >store ;;
		short) head -c 100 /dev/urandom >store ;;
		empty) : >store ;;
		esac
		refuses_to 4 'not converted: ' -O raw store origin new
		refuses_to 4 'not converted: ' -O dm store origin -
	done
}

@test "what cannot be read is a failure, and is named" {
	need_bad_sectors
	pair
	refuses_bad() { # FILE RANGES WHERE
		local before
		before=$(state_of store origin)
		for out in new -; do
			expect 8 with_bad "$1" "$2" "$PSNAP" convert -O raw \
				--progress=none store origin $out
			[[ ${stderr##*$'\n'} == "psnap-convert: $1: "*"$3"* ]]
			[[ $out == - || -z $output ]]
			nothing_remains
		done
		[[ $(state_of store origin) == "$before" ]]
	}
	# In the data that chunk 6 of the origin has in the store; in chunk 17.
	refuses_bad store 20480-20992 20480
	refuses_bad origin 69632-70144 69632
	# What the store hides of the origin is not needed.
	remember
	silent 0 with_bad origin 12288-57344 "$PSNAP" convert -q -O raw store \
		origin new
	cmp new view
	# Nothing of it is needed for a list of places.
	silent 0 with_bad store 20480-20992 "$PSNAP" convert -q -O dm store \
		origin table
	dm_shows table | cmp - view
}

# --- what cannot be said -------------------------------------------------------

@test "an origin that is no whole number of sectors has only an image" {
	local size
	pair
	for size in 1 511 513 4095; do
		truncate --size=$((28 * 4096 + size)) origin
		for format in vmdk dm; do
			refuses_to 8 'psnap-convert: origin: ' -O $format store \
				origin new
			[[ $stderr == *' not a whole number of sectors'* ]]
			refuses_to 8 'not a whole number of sectors' \
				-O $format store origin -
		done
	done
}

@test "names that a format cannot say are refused, links are a way out" {
	pair
	for odd in $'with\nline feed' $'with\ttab' $'with\177delete' \
		'with "quotes"' 'with\backslash' 'with blank'; do
		mv store "$odd.cow"
		for format in vmdk dm; do
			case $format:$odd in
			vmdk:*blank | dm:*backslash) continue ;;
			esac
			expect 8 psnap_convert -O $format "$odd.cow" origin new
			[[ -z $output && $stderr == *'psnap-convert: '* ]]
			[[ $stderr != *$'\t'* && $stderr != *$'\177'* ]]
			nothing_remains
			expect 8 psnap_convert -q -O $format "$odd.cow" origin -
			[[ -z $output ]]
		done
		# A name of one's own is a way out.
		silent 0 psnap_convert -q -O dm --store-device=/dev/cow \
			"$odd.cow" origin table
		grep -q ' linear /dev/cow ' table
		rm table
		# The image needs no names.
		silent 0 psnap_convert -q -O raw "$odd.cow" origin raw
		rm raw
		mv "$odd.cow" store
	done
	for odd in 'a b' $'a\nb' $'a\tb'; do
		refuses_to 8 '' -O dm --origin-device="$odd" store origin new
		refuses_to 8 '' -O dm --store-device="$odd" store origin new
	done
	mv origin 'an "origin"'
	expect 8 psnap_convert -O vmdk store 'an "origin"' new
	nothing_remains
}
