#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap repair --carve and --origin-fills: what is beyond the table comes back
# by name, and the origin tells what cannot be.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load repair

# Two areas of 4 KiB; the first was wiped, as a snapshot that is made anew is.
reset_store() {
	printf '%s\n' 'chunk 4K' 'size 4M' 'exc 0 2 256' 'exc 300 259 20' \
		'data pattern' 'zero area:0 4096' | store "$1"
}

@test "--carve lists what is beyond the table, and changes nothing" {
	local before
	reset_store store
	before=$(state_of store)
	expect 0 psnap_repair --carve store
	[[ $output == *$'\ncarve a1: 20 exceptions, '*' in sequence'* ]]
	[[ $output == *$'\n            --carve=NAME'* ]]
	[[ $(state_of store) == "$before" ]]
	# The operand behind it is not its value.
	expect 0 psnap_repair store --carve
	[[ $output == *'carve a1'* ]]
	sound_store sound
	silent 0 psnap_repair --carve sound
	[[ $output == *'carve       nothing'* ]]
}

@test "--carve=NAME takes entries by name" {
	local name
	reset_store store
	name=$(psnap_repair --carve --output=json store |
		jq -r '.carvings[0].name')
	expect 4 psnap_repair --carve="$name" store
	[[ $output == *$'\nwould carve '* ]]
	silent 1 psnap_repair --carve="$name" -y -o new store
	[[ $output == *$'\ncarved      '* ]]
	is_clean new
	psnap_dump --output=csv --exceptions new | grep -q '^300,259,'
	psnap_dump --output=csv --exceptions new | grep -q '^319,278,'
}

@test "the origin tells which chunks it cannot have, and is only read" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 5000 3' |
		store store
	head -c 1M /dev/urandom >origin
	silent 0 psnap_repair store
	untouched origin psnap_repair store origin
	((status == 4))
	[[ $output == *$'\nlossy old-chunk-out-of-range: '* ]]
	untouched origin psnap_repair -y --undo=undo store origin
	((status == 1))
	is_clean store 1
	expect 0 psnap_check store origin
	silent 0 psnap_undo undo
	expect 4 psnap_check store origin
}

@test "--origin-fills makes safe what an area has overwritten, and says so" {
	printf '%s\n' 'chunk 4K' 'size 4M' 'exc 0 2 256' 'exc 300 258' |
		store store
	head -c 4M /dev/urandom >origin
	expect 4 psnap_repair store origin
	[[ $output == *$'\nlossy new-chunk-in-metadata: '* ]]
	expect 4 psnap_repair --origin-fills store origin
	[[ $output == *$'\nsafe new-chunk-in-metadata: '* ]]
	[[ $output == *$'\nfrom origin '* ]]
	expect 1 psnap_repair --origin-fills -p -o new store origin
	is_clean new
}
