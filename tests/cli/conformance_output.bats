#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Output of all commands that cannot be written, and progress.

# shellcheck disable=SC2154,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load conformance

# --- output -----------------------------------------------------------------

to() { # FILE COMMAND...
	local file=$1
	shift
	"$@" >"$file"
}
to_nowhere() {
	"$@" >&-
}

full_is_noticed() {
	complains 8 "$name: standard output: no space left on device" \
		to /dev/full "${tool[@]}" "$@"
	complains 8 "$name: standard output: " to_nowhere "${tool[@]}" "$@"
}

@test "a standard output that is full or closed is an error that says so" {
	sound_store store
	for_each_tool full_is_noticed store
	for format in text json ndjson; do
		for_each_tool full_is_noticed store --output="$format"
	done
	for_every_tool full_is_noticed --help
	for_every_tool full_is_noticed --version
	for_every_tool full_is_noticed --list-options
	name=psnap-check tool=("$PSNAP" check)
	full_is_noticed --explain=all
	name=psnap-dump tool=("$PSNAP" dump)
	for option in --output=csv --header-only --lookup=0 --compress --crc32; do
		full_is_noticed "$option" store
	done
	name=psnap tool=("$PSNAP")
	full_is_noticed --help
	full_is_noticed --version
}

@test "a failed output is told by the exit status whatever the store is like" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' | store damaged
	printf '%s\n' 'chunk 512' 'exc 0 2 32' 'truncate 17408' | store endless
	for store in damaged endless; do
		for command in check dump; do
			run --separate-stderr to /dev/full \
				"$PSNAP" "$command" "$store"
			echo "$command $store: $status"
			# 4 is added if the findings came first.
			((status == 8 || status == 12))
			[[ $stderr == *"no space left on device" ]]
		done
	done
}

@test "what prints nothing does not need a standard output" {
	sound_store store
	silent 0 to_nowhere psnap_check -q store
	silent 0 to /dev/full psnap_check -q store
	silent 0 to_nowhere psnap_dump -o out store
	silent 0 to_nowhere psnap_dump --metadata-image=image store
	psnap_dump store | cmp - out
}

@test "closed descriptors never make psnap write into a file it opened" {
	sound_store store
	psnap_dump store >wanted
	all_closed() {
		"$@" <&- >&- 2>&-
	}
	untouched store all_closed "$PSNAP" dump store
	((status == 8))
	untouched store all_closed "$PSNAP" check --nonsense store
	((status == 16))
	untouched store all_closed "$PSNAP" dump -o out store
	((status == 0))
	cmp out wanted
	untouched store all_closed "$PSNAP" dump --lookup=x store
	((status == 16))
	# Here there is a message, and a file that might have got number 2.
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 9999' | store bad
	expect 8 psnap_dump --crc32 bad
	printf '%s\n' "$output" >wanted
	untouched bad all_closed "$PSNAP" dump --crc32 -o out bad
	((status == 8))
	cmp out wanted
	out_closed() {
		"$@" >&- 2>&-
	}
	untouched bad out_closed "$PSNAP" dump --crc32 -o out bad
	((status == 8))
	cmp out wanted
}

reader_goes_away() {
	local statuses
	timeout 60 "${tool[@]}" "$@" 2>err | head -n 1 >/dev/null
	statuses=("${PIPESTATUS[@]}")
	echo "$name $*: ${statuses[0]}, $(<err)"
	((statuses[0] == 8 || statuses[0] == 12))
	[[ ! -s err ]]
}

@test "when the reader of a pipe goes away that is exit status 8, silently" {
	printf '%s\n' 'chunk 4K' 'scatter 100000 10000000 1' | store store
	name=psnap-dump tool=("$PSNAP" dump)
	for format in text json ndjson csv; do
		reader_goes_away store --output="$format"
		reader_goes_away store --exceptions --output="$format"
	done
	# 8000 entries whose data is in the same chunk.
	{
		printf '%s\n' 'chunk 4K' 'size 64M'
		seq 0 7999 | awk '{ print "set", int($1 / 256), $1 % 256, $1, 2 }'
	} | store store
	name=psnap-check tool=("$PSNAP" check)
	for format in text json ndjson; do
		reader_goes_away store --max-findings=10000 --output="$format"
	done
}

# --- progress ---------------------------------------------------------------

progress_is_for_stderr() {
	local wanted
	wanted=$("${tool[@]}" store)
	for when in auto none bar json; do
		expect 0 "${tool[@]}" --progress="$when" store
		[[ $output == "$wanted" ]]
		[[ $when == [bj]* || -z $stderr ]]
	done
}

@test "progress never mixes with the results" {
	sound_store store
	for_each_tool progress_is_for_stderr
}

# A pair that was merged, with its undo file.
merged_pair() {
	sound_store store
	head -c 1M /dev/urandom >origin
	psnap_merge -q --undo=undo store origin
}

@test "a merge and an undo print their result on standard output alone" {
	merged_pair
	for format in text json; do
		for operands in 'merge store origin' 'merge -n store origin' \
			'undo --verify undo' 'undo -n undo' 'undo undo'; do
			# shellcheck disable=SC2086 # several words on purpose
			silent 0 "$PSNAP" $operands --output=$format
			[[ -n $output ]]
			# shellcheck disable=SC2086
			silent 0 "$PSNAP" $operands --output=$format -q
			[[ -z $output ]]
			# shellcheck disable=SC2086
			run -8 --separate-stderr to /dev/full \
				"$PSNAP" $operands --output=$format
			[[ $stderr == *"no space left on device" ]]
		done
	done
}

@test "closed descriptors never make a merge or an undo write to a wrong one" {
	sound_store store
	head -c 1M /dev/urandom >origin
	cp store store.orig
	cp origin origin.orig
	local wanted
	wanted=$(view_sum store origin)
	every_one_closed() {
		"$@" <&- >&- 2>&-
	}
	every_one_closed "$PSNAP" merge -q --undo=undo store origin
	[[ $(sum_of origin) == "$wanted" ]]
	every_one_closed "$PSNAP" undo -q undo
	cmp store store.orig
	cmp origin origin.orig
	# With a result that cannot be printed, but without harm.
	run every_one_closed "$PSNAP" merge store origin
	((status == 8))
	[[ $(sum_of origin) == "$wanted" ]]
}
