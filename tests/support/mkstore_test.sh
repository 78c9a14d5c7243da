#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Proves mkstore ($MKSTORE) with od, cmp and sort alone: a tool that makes the
# stores other tests believe in may not be judged by the code under test.
# Positions are written out as numbers where a reader can check them by hand.
# Output is TAP.

set -u
export LC_ALL=C

mkstore=${MKSTORE:?set MKSTORE to the path of the mkstore binary}
mkstore=$(realpath "$mkstore")
errors=$(dirname "$(realpath "$0")")/mkstore_test.errors
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

count=0
failed=0

ok() # STATUS TEXT
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=$((failed + 1))
	fi
}

is() # GOT WANTED TEXT
{
	[ "$1" = "$2" ]
	ok $? "$3"
	[ "$1" = "$2" ] || printf '# got    %s\n# wanted %s\n' "$1" "$2"
}

# Directives as arguments; the store is the file named first.
make_store() # FILE DIRECTIVE...
{
	local out=$1

	shift
	printf '%s\n' "$@" | timeout 60 "$mkstore" -q - "$out"
}

error_of() # DIRECTIVE...
{
	local status

	make_store broken "$@" >/dev/null 2>message
	status=$?
	printf '%s exit %s' "$(<message)" "$status"
	[ ! -e broken ] || printf ' with output'
}

words64() # FILE OFFSET COUNT
{
	od -A n -v -t u8 -j "$2" -N $(($3 * 8)) "$1" | xargs
}

bytes() # FILE OFFSET COUNT
{
	od -A n -v -t x1 -j "$2" -N "$3" "$1" | tr -d ' \n'
}

is_zero() # FILE OFFSET COUNT TEXT
{
	cmp -s <(tail -c "+$(($2 + 1))" "$1" | head -c "$3") \
		<(head -c "$3" /dev/zero)
	ok $? "$4"
}

size_of()
{
	stat -c %s "$1"
}

test_headers()
{
	make_store a 'exc 5 2'
	is "$(bytes a 0 16)" 536e4170010000000100000008000000 \
		'4K header bytes'
	is_zero a 16 4080 'rest of the header chunk is zero'
	is "$(words64 a 4096 4)" '5 2 0 0' 'area 0 is chunk 1'
	is "$(size_of a)" 12288 'default size holds the data chunk'
	make_store a 'chunk 512'
	is "$(bytes a 0 16)" 536e4170010000000100000001000000 \
		'512 byte header bytes'
	is "$(size_of a)" 1024 'an empty store is header and area 0'
	make_store a 'chunk 64K'
	is "$(bytes a 0 16)" 536e4170010000000100000080000000 \
		'64K header bytes'
	make_store a 'header magic=0xdeadbeef valid=0 version=7 chunk=24'
	is "$(bytes a 0 16)" efbeadde000000000700000018000000 \
		'header fields as given'
	make_store a 'header valid=0' noheader 'exc 1 2'
	is_zero a 0 4096 'noheader leaves chunk 0 zero'
}

# Areas of E entries lie at chunk 1 + k(E + 1), in table order.
test_areas() # CHUNK_BYTES ENTRIES AREA1_CHUNK AREA2_CHUNK
{
	local c=$1 e=$2 area1=$3 area2=$4

	make_store a "chunk $c" "alloc 1000 $((2 * e + 1))"
	is "$(words64 a "$c" 4)" '1000 2 1001 3' "$c: area 0 starts at chunk 1"
	is "$(words64 a $((2 * c - 16)) 2)" "$((999 + e)) $((1 + e))" \
		"$c: last entry of area 0 uses the last chunk before area 1"
	is "$(words64 a $((area1 * c)) 2)" "$((1000 + e)) $((area1 + 1))" \
		"$c: area 1 is chunk $area1 and allocation skips it"
	is "$(words64 a $((area2 * c)) 4)" \
		"$((1000 + 2 * e)) $((area2 + 1)) 0 0" \
		"$c: area 2 is chunk $area2, skipped too, then a terminator"
	is "$(size_of a)" $(((area2 + 2) * c)) "$c: size ends after its data"
	is_zero a $(((area1 - 9) * c)) $((9 * c)) "$c: data chunks are zero"
}

# What Linux wrote when exactly one area had been filled.
test_full_area()
{
	make_store a 'alloc 0 256'
	is "$(words64 a 8176 2)" '255 257' 'entry 255 of area 0 has new 257'
	is "$(size_of a)" $((259 * 4096)) 'a full area has room for the next'
	is_zero a $((258 * 4096)) 4096 'area 1, chunk 258, is zero'
	make_store a 'alloc 0 255'
	is "$(size_of a)" $((257 * 4096)) 'one entry less needs no successor'
	make_store a 'set 0 255 1 2'
	is "$(size_of a)" $((259 * 4096)) 'set of the last slot counts as full'
	make_store a 'set 0 255 1 0'
	is "$(size_of a)" 8192 'a terminator in the last slot does not'
}

test_allocator()
{
	make_store a 'exc 7 100 2' 'alloc 9'
	is "$(words64 a 4096 6)" '7 100 8 101 9 102' 'alloc goes on after exc'
	make_store a 'exc 7 257' 'alloc 9'
	is "$(words64 a 4096 4)" '7 257 9 259' '... and steps over an area'
	make_store a 'alloc 7' 'skip 255' 'alloc 8' 'skip 256' 'alloc 9'
	is "$(words64 a 4096 6)" '7 2 8 259 9 517' 'skip counts data chunks'
	make_store a 'next 258' 'alloc 1 2'
	is "$(words64 a 4096 4)" '1 258 2 259' 'next may name an area'
	make_store a reverse 'alloc 1 3' 'alloc 4 2'
	is "$(words64 a 4096 10)" '1 4 2 3 3 2 4 6 5 5' \
		'reverse turns each alloc line around'
	make_store a 'chunk 512' 'skip 31' reverse 'alloc 1 3' 'alloc 9'
	is "$(words64 a 512 8)" '1 36 2 35 3 33 9 37' \
		'reverse skips metadata chunks'
}

test_positions()
{
	make_store a 'chunk 512' 'at 0 2' 'exc 5 2' 'at 3 31' 'exc 6 3 2' \
		'set 0 0 9 0xffffffffffffffff' 'exc 8 5'
	is "$(words64 a 512 8)" '9 18446744073709551615 0 0 5 2 0 0' \
		'at leaves holes, set writes any entry'
	is "$(words64 a $((101 * 512 - 16)) 2)" '6 3' 'at reaches a last slot'
	is "$(words64 a $((133 * 512)) 6)" '7 4 8 5 0 0' \
		'the next entries follow in the next area, past set'
	make_store a 'exc 1 2 3' 'set 0 1 0 0' 'at 0 2' 'exc 0 0'
	is "$(words64 a 4096 6)" '1 2 0 0 0 0' 'entries can be cleared again'
}

olds_and_news() # FILE OFFSET COUNT -> lines OLD NEW
{
	od -A n -v -t u8 -w16 -j "$2" -N $(($3 * 16)) "$1" |
		sed 's/^ *//;s/  */ /'
}

test_scatter()
{
	make_store a 'chunk 256K' 'size 1M' 'scatter 10000 12345 7'
	olds_and_news a $((256 * 1024)) 10000 >table
	cut -d ' ' -f 1 table | sort -n >olds
	is "$(wc -l <olds)/$(sort -un olds | wc -l)" 10000/10000 \
		'scatter: 10000 distinct old numbers'
	[ "$(tail -n 1 olds)" -lt 12345 ]
	ok $? 'scatter: all below the origin'
	! cut -d ' ' -f 1 table | sort -nc 2>/dev/null
	ok $? 'scatter: not in order'
	cut -d ' ' -f 2 table | cmp -s - <(seq 2 10001)
	ok $? 'scatter: new numbers as alloc'
	make_store b 'chunk 256K' 'size 1M' 'scatter 10000 12345 7'
	cmp -s a b
	ok $? 'scatter: same seed, same store'
	make_store b 'chunk 256K' 'size 1M' 'scatter 10000 12345 8'
	! cmp -s a b
	ok $? 'scatter: other seed, other store'
	make_store a 'chunk 256K' 'size 1M' 'scatter 5000 5000 1'
	olds_and_news a $((256 * 1024)) 5000 | cut -d ' ' -f 1 | sort -n |
		cmp -s - <(seq 0 4999)
	ok $? 'scatter: as many as the origin has are all of them'
	make_store a 'chunk 256K' 'size 1M' 'scatter 1000 100000 1 8'
	olds_and_news a $((256 * 1024)) 1000 |
		awk '{ r = (NR - 1) % 8 } r == 0 { start = $1 }
		     $1 != start + r || start % 8 { bad = 1 }
		     seen[$1]++ { bad = 1 }
		     END { exit bad || NR != 1000 }'
	ok $? 'scatter: runs of 8, distinct'
}

test_data()
{
	make_store a 'chunk 512' 'data pattern' 'exc 0x1f 3' 'exc 4 1' \
		'exc 5 4' 'exc 6 0' 'exc 7 3' 'exc 8 5' 'exc 9 1000' 'size 3000'
	is "$(tail -c +1537 a | head -c 32)" \
		'chunk 000000000000001f 00000000' 'pattern names the old chunk'
	is "$(tail -c +2017 a | head -c 31)" \
		'chunk 000000000000001f 000001e0' '... and the offset, to the end'
	is "$(tail -c +2049 a | head -c 31)" \
		'chunk 0000000000000005 00000000' 'chunks differ'
	is "$(words64 a 512 6)" '31 3 4 1 5 4' 'metadata chunks keep entries'
	is_zero a 1024 512 'an unmapped chunk stays zero'
	is_zero a 2560 440 'a partial last chunk and what lies outside do too'
	make_store a 'data pattern' 'at 90000 3' 'exc 77 4'
	is "$(tail -c +16385 a | head -c 31)" \
		'chunk 000000000000004d 00000000' 'entries far off count as well'
}

test_raw()
{
	make_store a 'hex area:0+8 Ff00' 'text 20 word' 'fill chunk:2+1 3 0x41' \
		'random chunk:3 1K 5' 'random chunk:4 1000 5' 'exc 1 258' \
		'zero area:0 1'
	is "$(bytes a 4096 11)" 0000000000000000ff0000 'hex and zero over area 0'
	is "$(bytes a 16 9)" 00000000776f726400 'text over the header'
	is "$(bytes a 8192 5)" 0041414100 'fill is exact'
	cmp -s <(tail -c +12289 a | head -c 1000) \
		<(tail -c +16385 a | head -c 1000)
	ok $? 'random bytes follow from the seed'
	is_zero a $((16384 + 1000)) 100 'random is exact'
	[ "$(head -c 13312 a | tail -c 1024 | od -A n -v -t x1 -w1 |
		sort -u | wc -l)" -gt 200 ]
	ok $? 'random bytes are mixed'
	make_store a 'fill 10000 1 1'
	is "$(size_of a)" 12288 'default size holds raw bytes, in chunks'
	make_store a 'fill 0 3M 0xaa' 'zero 1M 1M'
	is "$(tr -d '\252' <a | wc -c)" 1048576 'zero punches through a fill'
	is_zero a 1048576 1048576 'zero hits its range'
}

test_sizes()
{
	make_store a 'size 100s' 'exc 1 5000'
	is "$(size_of a)" 51200 'size in sectors holds against the table'
	make_store a 'alloc 0 10' 'truncate 5000'
	is "$(size_of a)" 5000 'truncate cuts'
	is "$(words64 a 4096 4)" '0 2 1 3' '... and leaves what is before'
	make_store a 'alloc 0 256' 'truncate 258K' 'truncate 0x1000'
	is "$(size_of a)" 4096 'the last truncate counts'
	make_store a 'size 1G' 'truncate 2G'
	is "$(size_of a)" 2147483648 'truncate extends'
	[ "$(stat -c %b a)" -le 64 ]
	ok $? 'stores are sparse'
	make_store a 'set 0 0 5 0xffffffffffffffff'
	is "$(size_of a)" 8192 'set does not count for the default size'
	printf '\n# text\n  exc 1 2 # more\n' >recipe
	is "$("$mkstore" recipe a)" "a: 12288 bytes, chunks of 4096,$(
		) 1 entries written, next free chunk 3" 'summary, comments'
}

test_errors()
{
	local wanted recipe

	[ -s "$errors" ]
	ok $? 'mkstore_test.errors is there'
	while IFS='|' read -r wanted recipe; do
		is "$(error_of "${recipe//;/$'\n'}")" \
			"mkstore: stdin:$wanted exit 1" "error: $wanted"
	done < <(grep -v '^#' "$errors")
	"$mkstore" --help | grep -q 'scatter COUNT'
	ok $? '--help tells the grammar'
}

test_headers
test_areas 512 32 34 67
test_areas 4096 256 258 515
test_areas 65536 4096 4098 8195
test_full_area
test_allocator
test_positions
test_scatter
test_data
test_raw
test_sizes
test_errors
echo "1..$count"
[ "$failed" -eq 0 ]
