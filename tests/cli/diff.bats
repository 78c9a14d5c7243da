#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap diff: the ranges are those that cmp finds, in every form; and block
# numbers lead to the names of files. Refusals and failures are in
# diff_refuse.bats.

# run sets stderr, refused reads name, $ of jq; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2016,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load diff

# --- what differs --------------------------------------------------------------

@test "the ranges are those that cmp finds, whatever the chunk size" {
	images
	for chunk in 512 4096 16384 262144; do
		echo "# $chunk"
		store_of store view origin $chunk
		[[ $(view_sum store origin) == "$(sum_of view)" ]]
		finds view origin store origin
	done
	[[ $(wc -l <<<"$output") -gt 8 ]]
	# Exceptions that hold what the origin has.
	store_of store view origin 4096 0 1 2 3 100 200 300 400 730
	finds view origin store origin
}

@test "two stores: the ranges in which what they show differs" {
	local a b
	images
	cp origin other
	changed other 8
	# And a place that both have, with the same bytes.
	head -c 5000 /dev/urandom >same
	for file in view other; do
		dd if=same of=$file bs=5000 seek=100 conv=notrunc status=none
	done
	for chunks in '4096 4096' '512 65536' '262144 512'; do
		echo "# $chunks"
		read -r a b <<<"$chunks"
		store_of a view origin "$a"
		store_of b other origin "$b" 0 1
		finds view other a b origin
		finds view other b a origin
	done
	# Of one that has nothing, the other is compared with the origin.
	empty_store b
	finds view origin a b origin
	finds view origin b a origin
	cp a b
	finds view view a b origin
	[[ $output == start_bytes,len_bytes,start_sector,sectors ]]
}

@test "stores of a kernel: the same as cmp on what they show" {
	for case in $(corpus_cases); do
		echo "# $case"
		corpus "$case" .
		"${PSNAP%/*}/tests/view" "$case.cow" "$case.origin" >view
		expect 0 psnap_diff -q --accept-invalid --output=csv \
			"$case.cow" "$case.origin"
		diff <(ranges view "$case.origin") <(echo "$output")
		rm "$case.cow" "$case.origin" view
	done
}

@test "what cannot differ is not read" {
	need_bad_sectors
	small_pair
	head -c 12K /dev/urandom >>origin
	# Chunk 3 and all behind it have no exception.
	silent 0 with_bad origin 12288-24576 "$PSNAP" diff store origin
	# A hole on both sides costs nothing, however large it is.
	printf '%s\n' 'chunk 1M' 'size 4G' 'exc 0 2 4000' | store wide
	truncate -s 5000M zero
	expect 0 psnap_diff --summary --progress=none wide zero
	[[ $output == 'differing   0 bytes in 0 ranges'* ]]
	[[ $output == *'allocated   4194304000 bytes'* ]]
	need_strace
	expect 0 strace -qq -y -o trace -e trace=pread64 "$PSNAP" diff -q wide zero
	run ! grep /zero trace
}

@test "reading a bad sector is a failure that says where and of which file" {
	need_bad_sectors
	small_pair
	expect 8 with_bad origin 512-1024 "$PSNAP" diff store origin
	[[ $stderr == 'psnap-diff: byte 512: cannot read origin: '* ]]
	# Chunk 0 of the view is one of the chunks 2 to 4 of the store.
	expect 8 with_bad store 8192-20480 "$PSNAP" diff store origin
	[[ $stderr == 'psnap-diff: byte 0: cannot read store: '* ]]
	[[ $output != *differing* ]]
	expect 8 with_bad origin 512-1024 "$PSNAP" diff --output=json store origin
	run ! jq . <<<"$output"
}

# --- forms ---------------------------------------------------------------------

@test "all forms have the same ranges and sums" {
	local differing allocated ranges sums
	images
	store_of store view origin 4096 0 1 2
	silent 0 psnap_diff --output=csv store origin
	printf '%s\n' "$output" >csv
	tail -n +2 csv >list
	ranges=$(wc -l <list)
	differing=$(awk -F , '{ n += $2 } END { print n }' list)
	# The last chunk, which has one, is of 1741 bytes.
	allocated=$(psnap_dump --output=json store |
		jq '.table.exceptions * 4096 - 4096 + 3000077 % 4096')
	((ranges > 8 && differing < allocated))
	sums="differing   $differing bytes in $ranges ranges
allocated   $allocated bytes in chunks with an exception
equal       $((allocated - differing)) bytes of those"

	silent 0 psnap_diff store origin
	[[ $output == *$'\n\n'"$sums" ]]
	diff csv <(head -n $((ranges + 1)) <<<"$output" |
		sed -E 's/^ +//; s/ +/,/g')
	silent 0 psnap_diff --summary store origin
	[[ $output == "$sums" ]]

	silent 0 psnap_diff --output=json store origin
	printf '%s\n' "$output" >json
	fits diff json
	diff <(cut -d , -f 1,2 list) \
		<(jq -r '.ranges[] | "\(.start_bytes),\(.len_bytes)"' json)
	[[ $(jq -c '.totals | [.allocated_bytes, .differing_bytes, .equal_bytes,
		.ranges]' json) == "[$allocated,$differing,$((allocated - \
		differing)),$ranges]" ]]
	[[ $(jq -c '[.store.name, .origin.name, .origin.size_bytes, .other]' \
		json) == '["store","origin",3000077,null]' ]]
	silent 0 psnap_diff --summary --output=json store origin
	diff <(jq '.ranges = null' json) <(jq . <<<"$output")

	silent 0 psnap_diff --output=ndjson store origin
	printf '%s\n' "$output" >ndjson
	fits ndjson ndjson
	diff <(jq -S . json) <(jq -S -s '
		.[0] + .[-1] + {ranges: map(select(.type == "range") | del(.type))}
		| del(.type)' ndjson)
	silent 0 psnap_diff --summary --output=ndjson store origin
	diff <(grep -v '"range"' ndjson) <(echo "$output")
}

@test "nothing differs: a list without ranges, and status 0" {
	head -c 100000 /dev/urandom >origin
	empty_store store
	silent 0 psnap_diff store origin
	[[ $output == *' start_sector '*$'\n\ndiffering   0 bytes in 0 ranges\nallocated   0 bytes '* ]]
	silent 0 psnap_diff --output=csv store origin
	[[ $output == start_bytes,len_bytes,start_sector,sectors ]]
	silent 0 psnap_diff --output=json store origin
	[[ $(jq -c '[.ranges, .totals.ranges]' <<<"$output") == '[[],0]' ]]
	silent 0 psnap_diff --blocks=4K store origin
	[[ -z $output ]]
	store_of store origin origin 4096 0 7 24
	silent 0 psnap_diff --summary store origin
	[[ $output == *'allocated   9888 bytes '*'equal       9888 bytes '* ]]
	: >origin
	empty_store store
	silent 0 psnap_diff --output=json store origin
	[[ $(jq -c '[.ranges, .totals.allocated_bytes]' <<<"$output") == '[[],0]' ]]
}

@test "--blocks prints each block that differs once, of any size" {
	images
	store_of store view origin 4096 0 1 2
	for size in 512 1K 4096 64K 1M 1G; do
		silent 0 psnap_diff --blocks=$size store origin
		diff <(units "$(numfmt --from=iec $size)" view origin) \
			<(echo "$output")
	done
	[[ $output == 0 ]]
}

@test "no value of a diff document can be of another type, and no key absent" {
	small_pair
	cp store second
	expect 0 psnap_diff --output=json store origin
	printf '%s\n' "$output" >one
	expect 0 psnap_diff --output=json second store origin
	printf '%s\n' "$output" >two
	expect 4 psnap_diff --output=json store origin view
	printf '%s\n' "$output" >refused
	[[ $(jq -c '[.ranges, .totals, .exit_status]' refused) == \
		'[null,null,4]' ]]
	fits diff one two refused
	# As in schema.bats: each value in turn becomes one of no type, or goes.
	for file in one two refused; do
		silent 0 jq -r -L "$TESTS/cli" --slurpfile schema diff.schema '
			include "schema";
			. as $doc | paths | . as $path
			| ($doc | setpath($path; [[false]])),
				(select($path[-1] | type == "string")
				| $doc | delpaths([$path]))
			| select([schema_errors($schema[0])] == [])' "$file"
		[[ -z $output ]]
	done
	jq '.new = 1 | .ranges[].new = 2 | .totals.new = 3' one >longer
	fits diff longer
}

# --- files ---------------------------------------------------------------------

# names_of IMAGE: those of the files that blocks read from standard input are
# part of; the same as in psnap-diff(8).
names_of() {
	xargs -n 500 echo icheck | debugfs -f - "$1" 2>/dev/null |
		awk '$2 ~ /^[0-9]+$/ { print $2 }' | sort -nu |
		xargs -n 500 echo ncheck | debugfs -f - "$1" 2>/dev/null |
		awk '$1 ~ /^[0-9]+$/ { print $2 }' | sed 's,^//*,/,' | sort
}

@test "block numbers lead debugfs to the names of the files that changed" {
	local block
	command -v mke2fs >/dev/null && command -v debugfs >/dev/null ||
		skip "no e2fsprogs"
	mkdir -p tree/etc tree/var
	for file in etc/same etc/changed var/removed; do
		head -c 30000 /dev/urandom >tree/$file
	done
	truncate -s 4M origin
	mke2fs -q -t ext4 -b 1024 -d tree origin
	cp origin view
	head -c 20000 /dev/urandom >added
	debugfs -w -R 'rm /var/removed' view 2>/dev/null
	debugfs -w -R 'write added /var/added' view >/dev/null 2>&1
	block=$(debugfs -R 'blocks /etc/changed' view 2>/dev/null |
		awk '{ print $20 }')
	printf X | dd of=view bs=1 seek=$((block * 1024 + 500)) conv=notrunc \
		status=none
	# With large chunks, so that most of what has an exception is the same.
	store_of store view origin 65536
	silent 0 psnap_diff --blocks=1024 store origin
	printf '%s\n' "$output" >blocks
	grep -qx "$block" blocks
	psnap_convert -q -O raw store origin shown
	names_of shown <blocks >now
	names_of origin <blocks >before
	cat now
	grep -qx /etc/changed now
	grep -qx /var/added now
	run ! grep -e same -e removed now
	grep -qx /etc/changed before
	run ! grep -e same -e added before
}
