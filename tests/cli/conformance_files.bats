#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kinds of files that all commands meet, and that what they read stays as it is.

# shellcheck disable=SC2154,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load conformance

# --- kinds of files ---------------------------------------------------------

# With a time limit: a FIFO without a writer would wait for ever.
cannot_open() {
	local status=$1 file=$2
	complains "$status" "$name: $file: " timeout 20 "${tool[@]}" "$file"
	[[ -z $output ]]
	complains "$status" "$name: $file: " \
		timeout 20 "${tool[@]}" --output=json "$file"
	[[ -z $output ]]
}

@test "a file that does not exist is an operational error" {
	: >file
	for_each_tool cannot_open 8 missing
	for_each_tool cannot_open 8 missing/store
	for_each_tool cannot_open 8 file/store
	ln -s missing dangling
	for_each_tool cannot_open 8 dangling
	ln -s loop loop
	for_each_tool cannot_open 8 loop
}

@test "an empty name is an operational error" {
	for command in check dump undo; do
		complains 8 "psnap-$command: " "$PSNAP" "$command" ''
		[[ -z $output ]]
	done
}

@test "a directory, a FIFO, a socket or a character device is no store" {
	mkdir dir
	mkfifo fifo
	for_each_tool cannot_open 8 dir
	for_each_tool cannot_open 8 fifo
	for_each_tool cannot_open 8 /dev/null
	for_each_tool cannot_open 8 /dev/zero
	for_each_tool cannot_open 8 /dev/full
}

@test "a socket is no store" {
	perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) or exit 1;
		bind(S, sockaddr_un("socket")) or exit 1;' ||
		skip "no perl to make a socket"
	[[ -S socket ]]
	for_each_tool cannot_open 8 socket
}

@test "a file that may not be read is an operational error" {
	need_file_modes
	sound_store store
	chmod 000 store
	may_not_read() {
		complains 8 "$name: store: " unprivileged "${tool[@]}" store
		[[ -z $output ]]
	}
	for_each_tool may_not_read
}

# A file that is too short is no store; that is said, not an accident.
too_short() {
	timeout 20 "${tool[@]}" "$1" >out 2>err || rc=$?
	echo "$name $1: $rc, $(<out) $(<err)"
	((rc == 4))
	[[ $name == psnap-dump ]] || grep -q '^merge:   not safe' out
	[[ $name == psnap-check ]] || grep -q "^psnap-dump: $1: byte " err
}

@test "files shorter than a header, a sector or an area are not stores" {
	local rc=0
	sound_store store
	for bytes in 0 1 3 4 15 16 17 511 512 4095 4096 8191; do
		head -c "$bytes" store >"cut-$bytes"
		for_each_tool too_short "cut-$bytes"
	done
}

in_any_length() {
	untouched "$1" timeout 20 "${tool[@]}" "$1"
	echo "$name $1: $status $output $stderr"
	[[ $status == [04] ]]
}

@test "a store that was cut anywhere has an answer and no accident" {
	printf '%s\n' 'chunk 512' 'exc 0 2 31' 'exc 31 34 40' | store store
	for bytes in 8192 8193 16383 16384 16385 16895 17407 17408 20000 33791; do
		cp store cut
		truncate --size="$bytes" cut
		for_each_tool in_any_length cut
	done
}

reads_as_before() {
	local wanted
	wanted=$("${tool[@]}" store)
	silent 0 unprivileged "${tool[@]}" "dir/store"
	[[ ${output/dir\/store/store} == "$wanted" ]]
}

@test "a read-only file in a read-only directory can be read" {
	need_file_modes
	sound_store store
	mkdir dir
	cp store dir/store
	chmod 444 dir/store
	chmod 555 dir
	run ! unprivileged touch dir/new
	for_each_tool reads_as_before
	[[ $(ls -A dir) == store ]]
}

works_at_the_file() {
	local wanted
	wanted=$("${tool[@]}" store)
	ln -sf "$PWD/store" link
	silent 0 "${tool[@]}" link
	[[ ${output/link/store} == "$wanted" ]]
	silent 0 "${tool[@]}" $'odd \n\e name'
	# Nothing in a name reaches the terminal as a control character.
	[[ $output != *$'\e'* ]]
	silent 0 "${tool[@]}" --output=json $'odd \n\e name'
	jq -e '.store.name == "odd \n\u001b name"' <<<"$output"
	silent 0 "${tool[@]}" --output=json $'not \xff\xc0\x80utf\xed\xa0\x80'
	jq -e '.store.name | startswith("not \ufffd")' <<<"$output"
	iconv -f UTF-8 -t UTF-32 <<<"$output" >/dev/null
	expect 8 "${tool[@]}" $'missing \n\e name'
	[[ $stderr != *$'\e'* && $stderr != *$'\n'* ]]
}

@test "links and files with odd names work like others" {
	sound_store store
	cp store $'odd \n\e name'
	cp store $'not \xff\xc0\x80utf\xed\xa0\x80'
	for_each_tool works_at_the_file
}

# --- nothing is harmed ------------------------------------------------------

# unharmed COMMAND...: it returns one of the statuses there are, and leaves
# $store and the origin as they were at the beginning ($before).
unharmed() {
	local rc=0
	timeout 60 "$@" >printed 2>&1 </dev/null || rc=$?
	echo "$*: $rc"
	[[ $rc =~ ^(0|4|8|12|16)$ ]]
	[[ $(state_of "$store" origin) == "$before" ]]
}

every_check() {
	local options
	for options in '' --header-only --data '--data origin' origin \
		--all-areas --ignore=holes,duplicate-new --max-findings=0 -q \
		--output=json --output=ndjson --chunk-size=512 --chunk-size=64K \
		--progress=json --progress=bar --nonsense "$store"; do
		# shellcheck disable=SC2086 # several words on purpose
		unharmed "$PSNAP" check "$store" $options
	done
}
every_dump() {
	local options
	for options in '' --output=json --output=ndjson --output=csv \
		--exceptions --header-only --old=0..5 --new=2..9 --lookup=4096 \
		--all --crc32 --compress '-o out' '--compress -o out.gz' \
		--metadata-image=image '--metadata-image=image --all-areas' \
		--chunk-size=512 --chunk-size=64K --nonsense "-o $store" \
		"--metadata-image=$store"; do
		# shellcheck disable=SC2086 # several words on purpose
		unharmed "$PSNAP" dump "$store" $options
	done
	rm -f out out.gz image
}

@test "no check and no dump changes what it reads, sound or damaged" {
	truncate --size=1M origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 16 3 4' |
		store sound
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' 'exc 2 100000' \
		'set 0 9 9 9' | store damaged
	printf '%s\n' 'chunk 4K' 'size 1M' noheader 'exc 0 2' | store headless
	printf '%s\n' 'chunk 4K' 'size 1M' 'random 0 1M 7' | store random
	printf '%s\n' 'chunk 512' 'exc 0 2 32' 'truncate 17408' | store endless
	: >empty
	for store in sound damaged headless random endless empty; do
		before=$(state_of "$store" origin)
		every_check
		every_dump
	done
}

@test "no command leaves a file behind" {
	sound_store store
	ls -A >before
	psnap_check --data store >/dev/null
	psnap_dump --crc32 store >/dev/null
	run psnap_dump -o missing/out store
	run psnap_dump --metadata-image=missing/image store
	run psnap_dump -o out missing
	ls -A >after
	diff <(grep -v before before) <(grep -vE 'before|after' after)
}

@test "check does not write its report over the origin" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'alloc 0 5' | store store
	truncate -s 200K origin
	sum=$(sha256sum <origin)
	run -8 --separate-stderr bash -c "'$PSNAP' check store origin >>origin"
	[[ $stderr == *'origin itself; nothing was written'* ]]
	[[ $(sha256sum <origin) == "$sum" ]]
}

@test "a look-up shows a hundred of many entries that name a chunk" {
	{
		printf '%s\n' 'chunk 4K'
		seq -f 'exc 5 %.0f' 2 257
		seq -f 'exc 5 %.0f' 259 514
		seq -f 'exc 5 %.0f' 516 771
	} | store store
	run -0 --separate-stderr psnap_dump --lookup=20480 store
	[[ $output == *'claimed by 768 entries'* ]]
	[[ $(tr ';' '\n' <<<"${lines[0]}" | wc -l) -eq 100 ]]
}
