#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert --salvage: what can be read of a damaged pair is shown, what
# cannot is filled, and every range that was filled is told: in words, in JSON,
# and as a map that ddrescue reads. Damage of the table is in
# convert_doubt.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_salvage

# --- what cannot be read -------------------------------------------------------

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

# --- what it says --------------------------------------------------------------

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
