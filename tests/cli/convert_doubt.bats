#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert --salvage of a table that is damaged: what is sound of it is
# shown, and what is in doubt is filled.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_salvage

@test "exceptions in doubt are not used, and their chunks are filled" {
	head -c 409600 /dev/urandom >origin
	with=()
	# Sound: 0 1 2, 10. Twice with different data: 5. Data claimed twice: 20
	# and 30. In metadata: 40. Beyond the store: 50. Beyond the origin: 100.
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 3' 'exc 5 5' 'exc 5 6' \
		'exc 10 7' 'exc 20 8' 'exc 30 8' 'exc 40 1' 'exc 50 9999' \
		'exc 100 9' 'data pattern' | store store
	refuses_to 4 '--salvage shows what is sound' -O raw store origin new
	cp origin wanted
	wants 0 12288 store 8192
	wants 40960 4096 store 28672
	salvages 4
	[[ $stderr == *'error duplicate-old: '*'error duplicate-new: '* ]]
	[[ $stderr == *'psnap-convert: store: filled: bytes 20480..24576 of the output: the exception is in doubt'* ]]
	[[ $(grep -c ': filled: ' <<<"$stderr") == 5 ]]
	[[ $output == *$'\nfilled      5 ranges, 20480 bytes (unreadable 0, unknown 20480)' ]]
	map_of '+ 20480' '- 4096' '+ 57344' '- 4096' '+ 36864' '- 4096' \
		'+ 36864' '- 4096' '+ 36864' '- 4096' '+ 200704'
	salvages 4 --fill=origin
	yes 'LOST' | tr -d '\n' | head -c 409600 >text
	for chunk in 5 20 30 40 50; do
		wants $((chunk * 4096)) 4096 text
	done
	salvages 4 --fill=LOST
	# A table of places can do without what is in doubt, too.
	cp origin wanted
	wants 0 12288 store 8192
	wants 40960 4096 store 28672
	expect 4 psnap_convert -q -O dm --salvage store origin table
	dm_shows table | cmp - wanted
	expect 0 psnap_convert --list-formats
}

@test "a run is used as far as it goes" {
	head -c 409600 /dev/urandom >origin
	with=()
	# 0 to 9 at 2 to 11; 4 and 5 have another exception, 7 to 8 the data of
	# another chunk. 60 to 69 begin on the store and end beyond it, 95 to 104
	# end beyond the origin; the table is in the way of 20 and 21.
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 10' 'exc 4 30 2' \
		'exc 80 9 2' 'exc 60 250 10' 'exc 95 100 10' 'data pattern' |
		store store
	cp origin wanted
	wants 0 $((4 * 4096)) store 8192
	wants $((6 * 4096)) 4096 store $((8 * 4096))
	wants $((9 * 4096)) 4096 store $((11 * 4096))
	wants $((60 * 4096)) $((6 * 4096)) store $((250 * 4096))
	wants $((95 * 4096)) $((5 * 4096)) store $((100 * 4096))
	salvages 4
	map_of "+ $((4 * 4096))" '- 8192' '+ 4096' '- 8192' \
		"+ $((57 * 4096))" "- $((4 * 4096))" "+ $((10 * 4096))" \
		'- 8192' "+ $((18 * 4096))"
}

@test "the same exception twice is in no doubt" {
	head -c 409600 /dev/urandom >origin
	with=()
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 4' 'exc 1 3 2' 'exc 9 9' \
		'exc 9 10' 'data pattern' | store store
	cp origin wanted
	wants 0 $((4 * 4096)) store 8192
	salvages 4
	map_of "+ $((9 * 4096))" '- 4096' "+ $((90 * 4096))"
}

@test "a part of the table that is lost leaves the rest in doubt" {
	need_bad_sectors
	head -c 409600 /dev/urandom >origin
	# 32 entries stand in an area; entries 8 to 15 cannot be read.
	printf '%s\n' 'chunk 512' 'alloc 0 40' 'data pattern' | store store
	chunk=$(psnap_dump --exceptions store | awk '$1 == 39 { print $2 }')
	with=(with_bad store 512-1024)
	remember
	# Of the first area nothing is left, of the second one 8 entries.
	cp origin wanted
	wants $((32 * 512)) $((8 * 512)) view
	salvages 4
	[[ $stderr == *'psnap-convert: store: up to 32 exceptions are lost: '* ]]
	[[ $output == *$'\nuncertain   '*' bytes, perhaps newer than the snapshot' ]]
	map_of '? 409600'
	# A header that cannot be read says no chunk size.
	refuses_bad=(with_bad store 0-512)
	expect 4 "${refuses_bad[@]}" "$PSNAP" convert -O raw --salvage store \
		origin new
	nothing_remains
}

@test "an area that was overwritten gives no exceptions" {
	head -c 409600 /dev/urandom >origin
	with=()
	printf '%s\n' 'chunk 512' 'alloc 0 40' 'data pattern' | store store
	remember
	# Garbage with a few possible numbers among it, and no end.
	{
		for entry in {1..26}; do
			printf 'this is no entry'
		done
		for entry in {1..6}; do
			# shellcheck disable=SC2059 # a byte by its number
			printf "\\001\\0\\0\\0\\0\\0\\0\\0\\$((entry + 1))\\0\\0\\0\\0\\0\\0\\0"
		done
	} | dd of=store bs=512 seek=1 conv=notrunc status=none
	cp origin wanted
	wants $((32 * 512)) $((8 * 512)) view
	salvages 4
	[[ $stderr == *area-implausible* && $stderr == *'a part of the table is lost'* ]]
	map_of '? 512' '- 512' '? 15360' '+ 4096' "? $((409600 - 20480))"
}

@test "--accept-invalid tells of what may be newer, and asks nothing else" {
	with=()
	corpus overflow .
	mv overflow.cow store
	mv overflow.origin origin
	remember
	refuses_to 4 'marked invalid; --accept-invalid' --salvage -O raw store \
		origin new
	expect 0 psnap_convert --accept-invalid -O raw --filled-map=filled.map \
		store origin new
	cmp new view
	grep -q '?$' filled.map
	grep -q '+$' filled.map
	grep -v '^#' filled.map | tail -n +2 | while read -r at length status; do
		# As a table of device-mapper has it.
		psnap_convert -q --accept-invalid -O dm store origin - |
			grep -q "^$((at / 512)) .* linear $(
				[[ $status == + ]] && echo "$PWD/store" ||
					echo "$PWD/origin"
			) "
	done
	mv view wanted
	rm new
	salvages 0 --accept-invalid
}
