#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What each option of psnap check does.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers
load check

# --- options ----------------------------------------------------------------

@test "--header-only judges the header alone" {
	damaged_store store
	silent 0 psnap_check --header-only store
	[[ $output != *duplicate* && $output != *table:* ]]
	[[ $output != *status:* ]]
	silent 0 psnap_check --header-only --output=json store
	printf '%s\n' "$output" >doc
	fits check doc
	[[ $(field .table) == null && $(field .usage) == null ]]
	[[ $(field .geometry.chunk_size_bytes) == 4096 ]]
	printf '%s\n' 'chunk 4K' 'size 1M' 'header version=3' 'exc 0 2' |
		store store
	silent 4 psnap_check --header-only store
	[[ $output == 'fatal version-unknown: '* ]]
}

# data_read N OPTION... : so many bytes of data are read.
data_read() {
	expect 0 psnap_check --output=json "${@:2}"
	[[ $(field .data_bytes_read) == "$1" ]]
}

@test "--data reads every chunk of data, and nothing is read without it" {
	sound_store store
	data_read 0 store
	data_read 20480 --data store
	for chunk in 512 64K 1M; do
		printf '%s\n' "chunk $chunk" 'size 100M' 'exc 5 2' 'exc 9 7 3' |
			store store
		data_read $((4 * $(numfmt --from=iec "$chunk"))) --data store
	done
	silent 0 psnap_check --data store
	[[ $output == *$'state:   active\n'* ]]
}

@test "--data with ORIGIN reads the chunks of the origin too, up to its end" {
	truncate --size=128K origin
	sound_store store
	data_read 0 store origin
	data_read 40960 --data store origin
	# The last chunk of the origin is a part of one: 3 sectors.
	truncate --size=$((19 * 4096 + 1536)) origin
	data_read $((20480 + 4 * 4096 + 1536)) --data store origin
}

@test "--data reads data that is not sparse too, and damages nothing by it" {
	printf '%s\n' 'chunk 64K' 'size 16M' 'scatter 200 1000 3 4' \
		'data pattern' | store store
	state_of store >before
	data_read $((200 * 65536)) --data store
	state_of store | diff before -
}

@test "--data leaves out chunks that are not there" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 9999' \
		'set 0 2 2 0xffffffffffffffff' 'set 0 3 9 1' | store store
	expect 4 psnap_check --data --output=json store
	[[ $(field .data_bytes_read) -le 8192 ]]
	[[ $(field '.counts["read-error"]') == null ]]
}

@test "stale areas are looked for in 256 areas, with --all-areas to the end" {
	for area in 256 257 400; do
		printf '%s\n' 'chunk 512' 'size 8M' 'exc 0 2' \
			"set $area 0 7 5" | store "stale-$area"
	done
	silent 0 psnap_check stale-256
	[[ $output == 'note stale-areas: '* ]]
	for area in 257 400; do
		silent 0 psnap_check "stale-$area"
		[[ $output != *stale-areas* ]]
		silent 0 psnap_check --all-areas "stale-$area"
		[[ $output == 'note stale-areas: '* ]]
	done
}

@test "--quiet prints nothing and tells by the status" {
	sound_store store
	damaged_store damaged
	for option in -q --quiet; do
		silent 0 psnap_check "$option" store
		[[ -z $output ]]
		silent 4 psnap_check "$option" damaged
		[[ -z $output ]]
		silent 4 psnap_check "$option" --output=json damaged
		[[ -z $output ]]
		# Not even then is a failure kept quiet.
		complains 8 'psnap-check: missing: ' psnap_check "$option" missing
	done
}

@test "--ignore takes ids out of the report and of the status" {
	damaged_store store
	silent 4 psnap_check --ignore=duplicate-old store
	[[ $output != *duplicate-old* && $output == *duplicate-new* ]]
	silent 0 psnap_check --ignore=duplicate-old,duplicate-new,duplicate-same store
	[[ $output != *duplicate* ]]
	silent 0 psnap_check --ignore duplicate-old --ignore duplicate-new \
		--ignore duplicate-same store
	[[ $output != *duplicate* ]]
	# Also of those that are not shown one by one.
	silent 0 psnap_check --ignore=duplicate-old,duplicate-new,duplicate-same \
		--max-findings=1 store
	[[ $output != *duplicate* && $output != *more* ]]
}

@test "--ignore does not change the verdict" {
	damaged_store store
	silent 0 psnap_check --ignore=duplicate-old,duplicate-new,duplicate-same store
	[[ $output == *$'state:   damaged\nkernel:  loads\nmerge:   not safe' ]]
	silent 0 psnap_check --ignore=duplicate-old,duplicate-new,duplicate-same \
		--output=json store
	[[ $(field .verdict.worst_severity) == error ]]
	[[ $(field .verdict.exit_status) == 0 ]]
	[[ $(field '.counts["duplicate-old"]') == null ]]
	[[ $(field .verdict.safe_to_merge) == false ]]
	printf '%s\n' 'chunk 4K' 'size 1M' noheader 'exc 0 2' | store store
	expect 0 psnap_check --ignore=magic-zero store
	[[ ${lines[-1]} == 'DO NOT ACTIVATE: '* ]]
}

@test "--ignore of an id that does not exist points to the list of ids" {
	name=psnap-check
	sound_store store
	for ids in nonsense holes,nonsense nonsense,holes 'nonsense '; do
		refused nonsense "$PSNAP" check --ignore="$ids" store
		[[ $stderr == *--ignore*'--explain all'* ]]
	done
	for ids in '' ',' 'holes,' ',holes' 'holes,,stale-areas' ' holes' \
		HOLES all; do
		refused --ignore "$PSNAP" check --ignore="$ids" store
	done
	for id in "${IDS[@]}"; do
		silent 0 psnap_check --ignore="$id" store
	done
}

@test "--max-findings limits what is shown of each id, not what is counted" {
	# 30 entries for chunk 2: 29 too many.
	{
		printf '%s\n' 'chunk 4K' 'size 1M'
		seq 0 29 | awk '{ print "exc", $1, 2 }'
	} | store store
	local total shown
	expect 4 psnap_check --output=json --max-findings=1000 store
	total=$(field '.counts["duplicate-new"]')
	((total >= 29))
	for limit in 0 1 7 0x10 20; do
		expect 4 psnap_check --max-findings="$limit" store
		shown=$(grep -c '^error duplicate-new: .*chunk' <<<"$output") ||
			true
		((shown == limit))
		grep -x "error duplicate-new: and $((total - limit)) more" \
			<<<"$output"
		expect 4 psnap_check --max-findings="$limit" --output=json store
		printf '%s\n' "$output" >doc
		fits check doc
		[[ $(field '[.findings[] | select(.id == "duplicate-new")]
			| length') -eq limit ]]
		[[ $(field '.counts["duplicate-new"]') == "$total" ]]
	done
	# 20 is what holds without the option.
	wanted=$(psnap_check --max-findings=20 store) || true
	expect 4 psnap_check store
	[[ $output == "$wanted" ]]
	expect 4 psnap_check --max-findings=18446744073709551615 store
	[[ $output != *' more'* ]]
}

@test "--explain explains each finding, in lines that fit a terminal" {
	for id in "${IDS[@]}"; do
		silent 0 psnap_check --explain "$id"
		[[ ${lines[0]} =~ ^"$id ("(note|warning|error|fatal)"): ". ]]
		[[ $(wc -L <<<"$output") -le 80 ]]
		# Means, arises, kernel, what to do.
		((${#lines[@]} >= 9))
	done
}

@test "--explain all explains exactly the ids that there are" {
	silent 0 psnap_check --explain=all
	grep -oE '^[a-z0-9-]+ \((note|warning|error|fatal)\)' <<<"$output" |
		cut -d ' ' -f 1 | sort >explained
	printf '%s\n' "${IDS[@]}" | sort | diff explained -
	# The manual has the same.
	sed -n '/^\.SH FINDINGS/,/^\.SH VERDICT/p' "$TESTS/../man/psnap-check.8" |
		sed 's/\\-/-/g' >manual
	for id in "${IDS[@]}"; do
		grep -qw -e "$id" manual
	done
}

@test "--explain of an id that does not exist points to the list of ids" {
	name=psnap-check
	for id in nonsense '' holes,stale-areas HOLES; do
		refused --explain "$PSNAP" check --explain="$id"
		[[ $stderr == *'--explain all'* ]]
	done
}

@test "--chunk-size takes the place of a header that is lost" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 9' | store store
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 9' 'fill 0 512 0x41' |
		store lost
	for size in 4096 4K 8s 0x1000; do
		silent 0 psnap_check --chunk-size="$size" store
		[[ $output == *'table:   9 exceptions in 1 run, last area 0'* ]]
		silent 4 psnap_check --chunk-size="$size" lost
		[[ $output == *'table:   9 exceptions in 1 run, last area 0'* ]]
		[[ $output == *$'\nmerge:   not safe' ]]
	done
	silent 4 psnap_check lost
	[[ $output != *table:* ]]
	expect 4 psnap_check --chunk-size=4K --output=json lost
	[[ $(field .geometry.chunk_size_sectors) == 8 ]]
	printf '%s\n' "$output" >doc
	fits check doc
}

@test "ORIGIN is opened as strictly as STORE" {
	sound_store store
	complains 8 'psnap-check: missing: ' psnap_check store missing
	complains 8 'psnap-check: .: ' psnap_check store .
	[[ -z $output ]]
	mkfifo fifo
	complains 8 'psnap-check: fifo: ' timeout 20 "$PSNAP" check store fifo
	truncate --size=0 empty
	# All exceptions are beyond the end of it.
	expect 4 psnap_check store empty
	[[ $output == *old-chunk-out-of-range* ]]
}

@test "STORE is not taken for its own ORIGIN" {
	name=psnap-check
	sound_store store
	ln store hard
	ln -s store soft
	for origin in store ./store hard soft; do
		refused "$origin" "$PSNAP" check store "$origin"
	done
}
