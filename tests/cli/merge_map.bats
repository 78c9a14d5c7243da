#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge --mapfile and --origin-mapfile: a hole of an image is no data, so
# what was not rescued stays in the store and is told, and what stays lost of
# the origin is counted.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge

# The pair: origin chunks 3 to 13 have their data in store chunks 2 to 12,
# 24 to 28 in 20 to 24. Its table is store chunk 1.

@test "--mapfile leaves what was not rescued, whatever the map calls it" {
	pair
	remember
	for kind in '?' '*' '/' '-'; do
		cp store.before store
		cp origin.before origin
		map map '+ 20480' "$kind 1024" '+ 1027072'
		expect 4 psnap_merge --mapfile=map store origin
		[[ ${lines[0]} == 'merged      15 exceptions in 3 runs' ]]
		[[ ${lines[2]} == 'left        1 exception (not rescued 1)' ]]
		[[ ${lines[3]} == 'store       valid, 1 exception left' ]]
		[[ $stderr == 'psnap-merge: store: left: origin sectors 48..56: byte 20480: '*' rescued' ]]
		only_changed 3 6 7 14 24 29
		view_is_the_same
		store_has_left 1
		expect 4 psnap_merge --mapfile=map store origin
		[[ ${lines[0]} == 'merged      0 exceptions in 0 runs' ]]
	done
	# Of the last chunk only as much as the origin has matters.
	cp store.before store
	cp origin.before origin
	map map '+ 99840' '- 2560' '+ 946176'
	silent 0 psnap_merge --mapfile=map store origin
	cmp origin view
}

@test "what lies behind the end of a map was not rescued" {
	pair
	remember
	map map '+ 81920'
	expect 4 psnap_merge --mapfile map store origin
	[[ ${lines[2]} == 'left        5 exceptions (not rescued 5)' ]]
	[[ $stderr == *'origin sectors 192..227: '* && $stderr != *$'\n'* ]]
	only_changed 3 14
	view_is_the_same
}

@test "a map of what was all rescued changes nothing" {
	pair
	remember
	map map '+ 1048576'
	silent 0 psnap_merge --mapfile=map --origin-mapfile=map store origin
	[[ $output != *left* && $output != *rescued* ]]
	cmp origin view
	is_empty_store store
}

@test "--mapfile implies --salvage, and goes together with a range" {
	need_bad_sectors
	pair
	remember
	map map '+ 20480' '- 4096' '+ 1024000'
	# Neighbours that are left for two reasons are told as two.
	expect 4 with_bad store 24576-25088 "$PSNAP" merge --mapfile=map \
		store origin
	[[ ${lines[2]} == 'left        2 exceptions (not rescued 1, unreadable 1)' ]]
	[[ $stderr == *' sectors 48..56: '*$'\n'*' sectors 56..64: '* ]]
	only_changed 3 6 8 14 24 29
	view_is_the_same
	cp store.before store
	cp origin.before origin
	silent 0 psnap_merge --mapfile=map --exclude=50 store origin
	[[ ${lines[2]} == 'left        1 exception (partly in a range 1)' ]]
}

@test "a header or table that was not rescued is refused" {
	pair
	for holes in '- 512|+ 1048064' '+ 4096|- 4096|+ 1040384' \
		'+ 4352|- 16|+ 1044208' '+ 12|- 4|+ 1048560'; do
		mapfile -td '|' blocks < <(printf %s "$holes")
		map map "${blocks[@]}"
		for option in '' -n --salvage; do
			# shellcheck disable=SC2086 # no word on purpose
			before=$(state_of store origin)
			expect 4 psnap_merge $option --mapfile=map store origin
			[[ $stderr == *'error read-error: byte '*' not rescued'* ]]
			[[ $stderr == *'not merged: 1 finding of severity '* ]]
			[[ $(state_of store origin) == "$before" ]]
		done
	done
}

@test "what means nothing in the header's chunk and behind the table may be lost" {
	pair
	map map '+ 100' '- 8' '+ 7892' '- 192' '+ 1040384'
	silent 0 psnap_merge --mapfile=map store origin
	is_empty_store store
}

@test "--dry-run with a map says what would be left, with the exit status" {
	pair
	map map '+ 20480' '- 4096' '+ 1024000'
	before=$(state_of store origin)
	expect 4 psnap_merge -n --mapfile=map store origin
	[[ ${lines[0]} == 'would merge 15 exceptions in 3 runs' ]]
	[[ ${lines[2]} == 'would leave 1 exception (not rescued 1)' ]]
	expect 4 psnap_merge -n --output=json --mapfile=map store origin
	printf '%s\n' "$output" >doc
	fits merge doc
	jq -e '.plan.left.unrescued == 1 and .exit_status == 4' doc
	[[ $(state_of store origin) == "$before" ]]
}

@test "--origin-mapfile tells how much of the origin stays lost" {
	pair
	remember
	# All of chunk 4, which is merged, half of chunk 14, which is not.
	map map '+ 16384' '- 4096' '+ 36864' '- 2048' '+ 1000000'
	expect 4 psnap_merge --origin-mapfile=map store origin
	[[ -z $stderr ]]
	[[ ${lines[2]} == 'origin      2048 bytes were not rescued, and nothing '* ]]
	cmp origin view
	is_empty_store store
	cp store.before store
	cp origin.before origin
	map map '+ 16384' '- 4096' '+ 1000000'
	silent 0 psnap_merge --origin-mapfile=map store origin
	[[ $output != *rescued* ]]
	# What is left in the store is not made good.
	cp store.before store
	cp origin.before origin
	run -4 --separate-stderr psnap_merge --output=json \
		--exclude=32..40 --origin-mapfile=map store origin
	printf '%s\n' "$output" >doc
	fits merge doc
	jq -e '.result.origin_unrescued_bytes == 4096
		and .result.left.not_asked == 1 and .exit_status == 4' doc
	# Behind the end of the map there are 112128 bytes of the origin.
	cp store.before store
	cp origin.before origin
	map map '+ 4096'
	expect 4 psnap_merge --origin-mapfile=map store origin
	[[ ${lines[2]} == "origin      $((116224 - 4096 - 62976)) bytes "* ]]
}

@test "a file that is no map is refused, with the line" {
	pair
	map good '+ 1048576'
	before=$(state_of store origin)
	for option in --mapfile --origin-mapfile; do
		for damage in 's/+$/!/' 's/ +$//' 's/0x00100000/many/' \
			's/^0x0/-0x0/'; do
			sed "3$damage" good >map
			for more in '' -n; do
				# shellcheck disable=SC2086 # no word on purpose
				complains 8 'psnap-merge: map: ' \
					psnap_merge $more $option=map store origin
				[[ $stderr == *'line 3'* && -z $output ]]
			done
		done
		for file in missing store /dev/null .; do
			complains 8 "psnap-merge: $file: " \
				psnap_merge $option=$file store origin
		done
		name=psnap-merge
		refused "$option" "$PSNAP" merge $option= store origin
	done
	[[ $(state_of store origin) == "$before" ]]
}
