#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge: what is not fit is refused and left alone, the way out is named,
# and what fails is said together with how to go on.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge

@test "a store with errors is refused, with the list, and left alone" {
	pair
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' 'exc 0 3' |
		store store
	refuses 4 'psnap-merge: store: error duplicate-new: byte ' store origin
	refuses 4 'error duplicate-old: byte ' store origin
	refuses 4 'not merged: 2 findings of severity error or fatal' \
		store origin
	refuses 4 'not merged: 2 findings' --accept-invalid store origin
	# With -q only the last line is left.
	complains 4 'psnap-merge: store: not merged: 2 findings' \
		psnap_merge -q store origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 400 2' | store store
	refuses 4 'old-chunk-out-of-range' store origin
}

@test "a warning or a note is no reason to refuse" {
	local wanted
	head -c 1M /dev/urandom >origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 5 2' 'exc 9 10' 'set 0 9 7 8' \
		'data pattern' | store store
	expect 4 psnap_check store origin
	[[ $output == *entries-after-terminator* && $output == *holes* ]]
	wanted=$(view_sum store origin)
	silent 0 psnap_merge store origin
	[[ $(sum_of origin) == "$wanted" ]]
	# And what stood behind the terminator does not come back to life.
	is_empty_store store
	silent 0 psnap_dump --all --output=csv store
	[[ ${#lines[@]} -eq 1 ]]
}

@test "what is no store is refused and left alone" {
	pair
	for file in blank random short; do
		case $file in
		blank) truncate --size=0 store && truncate --size=1M store ;;
		random) head -c 1M /dev/urandom >store ;;
		short) head -c 100 /dev/urandom >store ;;
		esac
		refuses 4 'not merged: ' store origin
	done
}

@test "a pair in the wrong order is refused, and that is said" {
	pair
	refuses 4 'psnap-merge: origin: not merged: it is no store, but store is one; the store comes first' \
		origin store
	refuses 4 'not merged: it is no store, but store is one' -n -q origin store
	# Where both are stores that is no reason.
	empty_store other
	silent 0 psnap_merge -n store other
}

@test "the same file twice, by whatever name, is refused" {
	pair
	name=psnap-merge
	ln store hard-link
	ln -s store symlink
	mkdir dir
	ln -s "$PWD/store" dir/far
	sha256sum store >sum
	for option in '' -n --undo=undo; do
		for other in store ./store hard-link symlink dir/far; do
			# shellcheck disable=SC2086 # no word on purpose
			refused 'are the same' "$PSNAP" merge $option store \
				"$other"
			# shellcheck disable=SC2086
			refused 'are the same' "$PSNAP" merge $option "$other" \
				store
		done
	done
	sha256sum --check --quiet sum
	[[ ! -e undo ]]
}

@test "both operands are needed, and no third" {
	pair
	name=psnap-merge
	refused 'STORE is missing' "$PSNAP" merge
	refused 'ORIGIN is missing' "$PSNAP" merge store
	refused 'three: one operand too many' "$PSNAP" merge store origin three
	refused --chunk-size "$PSNAP" merge --chunk-size=4K store origin
	refused --batch "$PSNAP" merge --batch=0 store origin
	refused --undo "$PSNAP" merge --undo= store origin
	refused csv "$PSNAP" merge --output=csv store origin
	refused ndjson "$PSNAP" merge --output=ndjson store origin
}

@test "operands that cannot be opened are named, and nothing is changed" {
	pair
	mkdir directory
	mkfifo fifo
	for other in missing directory fifo /dev/null; do
		refuses 8 "psnap-merge: $other: " store "$other"
		refuses 8 "psnap-merge: $other: " "$other" origin
		refuses 8 "psnap-merge: $other: " -n store "$other"
	done
}

@test "a result that cannot be printed is a failure, the merge is done" {
	local wanted
	pair
	wanted=$(view_sum store origin)
	to_full() {
		"$@" >/dev/full
	}
	complains 8 'psnap-merge: standard output: no space left on device' \
		to_full psnap_merge store origin
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
}

@test "a standard output that is the store or the origin is refused" {
	pair
	into() {
		local file=$1
		shift
		"$@" 1<>"$file"
	}
	refuses 8 '' missing origin
	for file in store origin; do
		untouched "$file" into "$file" "$PSNAP" merge store origin
		[[ $stderr == *'standard output: it is '"$file"' itself'* ]]
		((status == 8))
	done
}

@test "a device that is full fails, and the message says how to go on" {
	need_strace
	local wanted call
	pair
	cp store store.orig
	cp origin origin.orig
	wanted=$(view_sum store origin)
	for call in pwrite64:error=ENOSPC:when=2 pwrite64:error=EIO:when=2+ \
		fsync:error=EIO:when=1 fsync:error=EIO:when=2; do
		cp store.orig store
		cp origin.orig origin
		expect 8 strace -qq -o trace -e trace=pwrite64,fsync \
			-e "inject=$call" "$PSNAP" merge store origin
		[[ -z $output ]]
		[[ $stderr == *'; run the same command again to go on' ]]
		[[ $(view_sum store origin) == "$wanted" ]]
		silent 0 psnap_merge store origin
		[[ $(sum_of origin) == "$wanted" ]]
		is_empty_store store
	done
}
