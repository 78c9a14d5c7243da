# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap diff share: stores that show a given image, and the
# answers that cmp(1) gives. Goes on top of merge.bash.

# shellcheck disable=SC2154 # run sets output

# changed FILE SEED: some bytes in FILE become others: single ones, some in one
# sector, some across sectors and chunks, and the last one.
changed() {
	local size i at len
	size=$(stat --format=%s "$1")
	RANDOM=$2
	for ((i = 0; i < 12; i++)); do
		at=$(((RANDOM * 32768 + RANDOM) % size))
		len=$((1 + RANDOM % (i % 3 ? 20 : 9000)))
		((len <= size - at)) || len=$((size - at))
		head -c "$len" /dev/urandom |
			dd of="$1" bs=64K oflag=seek_bytes seek="$at" \
				conv=notrunc status=none
	done
	head -c 1 /dev/urandom | dd of="$1" bs=1 seek=$((size - 1)) \
		conv=notrunc status=none
}

# units SIZE A B: the numbers of the units of SIZE bytes in which A and B differ.
units() {
	cmp -l "$2" "$3" | awk -v size="$1" \
		'{ n = int(($1 - 1) / size); if (n != last || NR == 1) print n
			last = n }'
}

# store_of STORE VIEW ORIGIN CHUNK [OLD...]: a store with which ORIGIN shows
# VIEW: an exception for each chunk that differs, in disorder, and for the old
# chunks that are named besides.
store_of() {
	local file=$1 view=$2 origin=$3 chunk=$4 old new rest
	shift 4
	{
		echo "chunk $chunk"
		{
			units "$chunk" "$view" "$origin"
			printf '%s\n' "$@"
		} | sed '/^$/d' | sort -nu | shuf --random-source="$TESTS/run" |
			sed 's/^/alloc /'
	} | store "$file"
	psnap_dump --exceptions --output=csv "$file" | tail -n +2 >table
	while IFS=, read -r old new rest; do
		dd if="$view" of="$file" bs="$chunk" skip="$old" seek="$new" \
			count=1 conv=notrunc status=none
	done <table
}

# ranges A B: what psnap diff has to print as CSV, from cmp alone.
ranges() {
	echo start_bytes,len_bytes,start_sector,sectors
	units 512 "$1" "$2" | awk -v size="$(stat --format=%s "$1")" '
		function out(  end) {
			end = 512 * next_one < size ? 512 * next_one : size
			print 512 * first "," end - 512 * first "," first "," \
				next_one - first
		}
		NR == 1 { first = $1 }
		NR > 1 && $1 != next_one { out(); first = $1 }
		{ next_one = $1 + 1 }
		END { if (NR > 0) out() }'
}

# finds A B OPERANDS: it prints the ranges in which the files A and B differ,
# says no word, and changes none of its operands.
finds() {
	local a=$1 b=$2 before
	shift 2
	before=$(state_of "$@")
	silent 0 psnap_diff --output=csv "$@"
	[[ $(state_of "$@") == "$before" ]]
	diff <(ranges "$a" "$b") <(echo "$output")
}

# An origin and what its snapshot shows, of a size that is odd.
size=3000077
images() {
	head -c "$size" /dev/urandom >origin
	cp origin view
	changed view 7
}

# A pair of 12 KiB, of which chunk 1 is the same in both.
small_pair() {
	head -c 12K /dev/urandom >origin
	cp origin view
	changed view 5
	dd if=origin of=view bs=4K skip=1 seek=1 count=1 conv=notrunc \
		status=none
	store_of store view origin 4096 1
}
