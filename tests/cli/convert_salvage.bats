#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert --salvage: what is sound of a damaged pair is shown, what is not
# is filled, and every range that was filled is told: in words, in JSON, and as
# a map that ddrescue reads.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# The pair: origin chunks 3 to 13 have their data in store chunks 2 to 12,
# 24 to 28 in 20 to 24. Its table is store chunk 1. The origin has 116224 bytes.

# wants START LENGTH FILE [OFFSET]: in the file wanted there stands what FILE
# has, at the same place unless told otherwise.
wants() {
	dd if="$3" of=wanted bs=64K iflag=skip_bytes,count_bytes \
		oflag=seek_bytes seek="$1" count="$2" skip="${4:-$1}" \
		conv=notrunc status=none
}

# map_of "STATUS BYTES"...: the blocks of the map filled.map.
map_of() {
	map wanted.map "$@"
	diff -u <(grep -v '^#' wanted.map) <(grep -v '^#' filled.map)
	if command -v ddrescuelog >/dev/null; then
		ddrescuelog -t filled.map >said
		cat said
	fi
}

# salvages STATUS OPTION...: new is the file wanted, whatever way it is made.
salvages() {
	local want=$1 before
	shift
	rm -f filled.map
	before=$(state_of store origin)
	expect "$want" "${with[@]}" "$PSNAP" convert -O raw --salvage \
		--filled-map=filled.map "$@" store origin new
	cmp new wanted
	rm new
	"${with[@]}" "$PSNAP" convert -q -O raw --salvage "$@" store origin - \
		>piped || [[ $? == "$want" ]]
	cmp piped wanted
	[[ $(state_of store origin) == "$before" ]]
	[[ -z $(compgen -G '.psnap-*') ]]
}

# --- what cannot be read ----------------------------------------------------

@test "sectors that cannot be read are filled with zeros, and nothing else" {
	need_bad_sectors
	pair
	remember
	with=(with_bad store 20992-22016)
	# Store chunk 5 is chunk 6 of the snapshot.
	cp view wanted
	wants 25088 1024 /dev/zero
	salvages 4
	[[ $output == *$'\nfilled      1 range, 1024 bytes (unreadable 1024, unknown 0)' ]]
	[[ $stderr == *'psnap-convert: store: filled: bytes 25088..26112 of the output: byte 20992: cannot be read' ]]
	map_of '+ 25088' '- 1024' '+ 90112'
	# Without it the way out is named.
	expect 8 "${with[@]}" "$PSNAP" convert -O raw store origin new
	[[ $stderr == *'psnap-convert: store: byte 20992: cannot read: '*'--salvage fills such places and goes on' ]]
	nothing_remains
	# The origin's, where no exception covers it.
	with=(with_bad origin '512-1024 16384-16896 61440-61952')
	cp view wanted
	wants 512 512 /dev/zero
	wants 61440 512 /dev/zero
	salvages 4
	[[ $output == *'filled      2 ranges, 1024 bytes (unreadable 1024, unknown 0)' ]]
	[[ $stderr == *'psnap-convert: origin: filled: bytes 512..1024 of the output: byte 512: cannot be read'* ]]
	map_of '+ 512' '- 512' '+ 60416' '- 512' '+ 54272'
	# What cannot be read and is not needed is not missed.
	with=(with_bad store 53248-81920)
	cp view wanted
	salvages 0
	[[ $output != *filled* && $stderr != *filled* ]]
	map_of '+ 116224'
	# Nothing can be read at all; the last sector is not whole.
	truncate --size=-100 origin
	with=(with_bad origin 0-999999)
	remember
	cp view wanted
	wants 0 12288 /dev/zero
	wants 57344 40960 /dev/zero
	salvages 4
	map_of '- 12288' '+ 45056' '- 40960' '+ 17820'
}

@test "--fill says with what" {
	need_bad_sectors
	pair
	remember
	with=(with_bad store '20992-22016 98304-98816')
	cp view wanted
	yes 'BAD SECTOR ' | tr -d '\n' | head -c 200000 >text
	wants 25088 1024 text
	wants 114688 512 text
	salvages 4 '--fill=BAD SECTOR '
	tr '\0' '\377' </dev/zero | head -c 200000 >ones
	wants 25088 1024 ones
	wants 114688 512 ones
	salvages 4 --fill=0xff
	printf '\336\255\276\357%.0s' {1..50000} >bytes
	wants 25088 1024 bytes
	wants 114688 512 bytes
	salvages 4 --fill=0xDEADbeef
	wants 25088 1024 origin
	wants 114688 512 origin
	salvages 4 --fill=origin
	wants 25088 1024 /dev/zero
	wants 114688 512 /dev/zero
	salvages 4 --fill=zero
	# What the origin cannot give becomes zero.
	with=(with_bad origin '512-1024')
	cp view wanted
	wants 512 512 /dev/zero
	salvages 4 --fill=origin
	name=psnap-convert
	for value in '' 0x 0x0 0xzz 0x0g "$(printf '%4097s' x)"; do
		refused fill "$PSNAP" convert -O raw --salvage --fill="$value" \
			store origin new
	done
	refused 'without --salvage' "$PSNAP" convert -O raw --fill=zero store \
		origin new
	for format in vmdk dm; do
		refused 'nothing to fill' "$PSNAP" convert -O $format \
			--salvage --fill=zero store origin new
	done
	nothing_remains
}

@test "what a map does not call rescued is as if it could not be read" {
	pair
	remember
	with=()
	for kind in '?' '*' '/' '-'; do
		map map '+ 20480' "$kind 1024" '+ 1027072'
		cp view wanted
		wants 24576 1024 /dev/zero
		salvages 4 --mapfile=map
		[[ $stderr == *'psnap-convert: store: filled: bytes 24576..25600 of the output: byte 20480: cannot be read' ]]
		map_of '+ 24576' '- 1024' '+ 90624'
	done
	map map '- 4096' '+ 999999'
	cp view wanted
	wants 0 4096 /dev/zero
	salvages 4 --origin-mapfile=map
	map_of '- 4096' '+ 112128'
	# An image has a hole there, and is filled all the same.
	truncate --size=4096 hole
	dd if=hole of=origin bs=4096 conv=notrunc status=none
	fallocate --punch-hole --offset=0 --length=4096 origin || true
	wants 0 4096 text 2>/dev/null || yes FILL | tr -d '\n' |
		head -c 9999 >text
	wants 0 4096 text
	salvages 4 --origin-mapfile=map --fill=FILL
	# A table that was not rescued is not taken for one that ends there.
	map map '+ 4128' '- 512' '+ 1048576'
	expect 4 psnap_convert -O raw --mapfile=map store origin new
	[[ $stderr == *'error read-error: '* ]]
	[[ $stderr == *'up to 256 exceptions are lost: '* ]]
	rm new
	# A map that is none.
	echo nonsense >map
	refuses_to 8 'psnap-convert: map: ' --mapfile=map -O raw store origin new
	refuses_to 8 'psnap-convert: none: ' --origin-mapfile=none -O raw store \
		origin new
}

# --- damage of the table ----------------------------------------------------

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

@test "whatever is made of it, it shows the same" {
	need_bad_sectors
	pair
	remember
	with=(with_bad store 20992-22016)
	cp view wanted
	wants 25088 1024 /dev/zero
	local format
	for format in store delta lvmsync qcow2; do
		rm -f new again
		expect 4 "${with[@]}" "$PSNAP" convert -O $format --salvage \
			--filled-map=filled.map store origin new
		[[ $output == *'filled      1 range, 1024 bytes'* ]]
		map_of '+ 25088' '- 1024' '+ 90112'
		rm filled.map
		case $format in
		store) silent 0 psnap_convert -q -O raw new origin again ;;
		qcow2)
			command -v qemu-img >/dev/null || continue
			qemu-img convert -f qcow2 -O raw new again
			;;
		*) silent 0 psnap_convert -q -f $format -O raw new origin again ;;
		esac
		cmp again wanted
	done
}

@test "a sound pair is none the worse for --salvage" {
	with=()
	one() {
		cp view wanted
		salvages 0
		map_of "+ $(stat --format=%s origin)"
	}
	random_pairs one
}

@test "what is no store is refused with --salvage, too" {
	pair
	for file in blank random; do
		case $file in
		blank) truncate --size=0 store && truncate --size=1M store ;;
		random) head -c 1M /dev/urandom >store ;;
		esac
		refuses_to 4 'not converted: ' --salvage -O raw store origin new
	done
}

# --- what it says -----------------------------------------------------------

@test "the JSON document has what was filled" {
	need_bad_sectors
	pair
	run -4 --separate-stderr with_bad store '20480-28672 98304-98816' \
		"$PSNAP" convert --output=json --salvage -O raw store origin new
	printf '%s\n' "$output" >doc
	fits convert doc
	jq -e '.exit_status == 4 and .output.size_bytes == 116224
		and (.salvage | del(.runs)) == {ranges: 2,
			filled_bytes: 8704, unreadable_bytes: 8704,
			unknown_bytes: 0, uncertain_bytes: 0,
			unused_exceptions: 0, table_incomplete: false,
			runs_truncated: false}
		and .salvage.runs == [
			{offset_bytes: 24576, length_bytes: 8192,
				reason: "unreadable"},
			{offset_bytes: 114688, length_bytes: 512,
				reason: "unreadable"}]' doc
	rm new
	psnap_convert --output=json -O raw store origin new >doc
	fits convert doc
	jq -e '.salvage == null and .exit_status == 0' doc
	# With -q the exit status alone.
	rm new
	expect 4 with_bad store 20480-20992 "$PSNAP" convert -q --salvage \
		-O raw store origin new
	[[ -z $output && -z $stderr ]]
}

@test "at most 1000 ranges are listed, all are in the map" {
	need_bad_sectors
	printf '%s\n' 'chunk 16K' 'scatter 1020 90000 7' 'data pattern' |
		store store
	truncate --size=$((90000 * 16384)) origin
	run -4 --separate-stderr with_bad store 32768-99999999 "$PSNAP" \
		convert --output=json --salvage --filled-map=filled.map -O raw \
		store origin new
	printf '%s\n' "$output" >doc
	fits convert doc
	runs=$(grep -c -- '-$' filled.map)
	((runs > 1000))
	jq -e --argjson runs "$runs" '.salvage.ranges == $runs
		and (.salvage.runs | length) == 1000 and .salvage.runs_truncated
		and .salvage.unreadable_bytes == 1020 * 16384' doc
	[[ $(grep -c ': filled: bytes ' <<<"$stderr") == 1000 ]]
	[[ $stderr == *": filled: $((runs - 1000)) more range"* ]]
}

@test "the map is a new file, and none of the others" {
	pair
	name=psnap-convert
	echo old >old
	refused 'old exists' "$PSNAP" convert -O raw --filled-map=old store \
		origin new
	for file in new ./new; do
		run -16 --separate-stderr "$PSNAP" convert -O raw \
			--filled-map=$file store origin new
		[[ $stderr == *"$file is OUTPUT"* ]]
		[[ ! -e new || $file == ./new ]]
	done
	cmp -s new old && false
	rm -f new
	for file in store origin; do
		before=$(state_of store origin)
		run --separate-stderr "$PSNAP" convert --force -O raw \
			--filled-map=$file store origin new
		((status == 8 || status == 16))
		[[ $(state_of store origin) == "$before" ]]
	done
	rm -f new
	refused empty "$PSNAP" convert -O raw --filled-map= store origin new ||
		true
	expect 0 psnap_convert -q --force --filled-map=old -O raw store origin new
	[[ $(head -n 1 old) == '# Mapfile.'* ]]
	# Where nothing was made there is no map.
	rm new old
	expect 4 psnap_convert -q --filled-map=old -O raw origin store new
	[[ ! -e old ]]
}
