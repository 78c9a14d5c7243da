#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap repair: the plan, a copy, in place with a way back, and what each option
# does. What is refused is in repair_refuse.bats, asking in repair_ask.bats,
# JSON and the log in repair_json.bats, rebuilding from a dump in
# repair_from.bats, what is beyond the table in repair_carve.bats. What becomes
# of each kind of damage is not tested here.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load repair

# --- the plan ------------------------------------------------------------------

@test "without an option for writing the plan is printed and nothing changed" {
	damaged store
	for option in '' -n --dry-run '-n -y' '-n -y --no-undo' \
		'-n -y --undo=undo --log=log' '-n -y -o new'; do
		# shellcheck disable=SC2086 # several words on purpose
		untouched store psnap_repair $option store
		((status == 4))
		[[ -z $stderr ]]
		[[ $output == *$'\nlossy new-chunk-out-of-range: '* ]]
		[[ $output == *$'\nsafe duplicate-same: '* ]]
		[[ $output == *$'\nwould drop  area 0 entry 6: origin chunk 40, '* ]]
		[[ $output == *$'\nbefore      damaged, kernel loads, not safe '* ]]
		[[ $output == *$'\nafter       active, kernel loads, safe to merge, 5 exceptions'* ]]
		[[ $output == *$'\nwould lose  1 exception (4096 bytes)'* ]]
		[[ $output == *$'\nnext        '* ]]
	done
	only store
}

@test "the findings in a plan are those that psnap check prints" {
	damaged store
	run psnap_check store
	[[ -n ${output%%$'\n\n'*} ]]
	local findings=${output%%$'\n\n'*}
	expect 4 psnap_repair store
	[[ ${output%%$'\n\n'*} == "$findings" ]]
	# Also those that are only counted.
	{
		printf '%s\n' 'chunk 4K' 'size 1M' 'exc 100 2 200'
		for ((i = 0; i < 30; i++)); do echo "exc $i $((9000 + 2 * i))"; done
	} | store store
	expect 4 psnap_repair store
	[[ $output == *$'\nfatal new-chunk-out-of-range: and 10 more\n'* ]]
}

@test "a sound store, and one with nothing but notes, is nothing to do" {
	sound_store sound
	empty_store empty
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 5' 'exc 9 2' | store notes
	truncate --size=+100 notes
	head -c 64K /dev/zero >blank
	for file in sound empty notes blank; do
		for option in '' -n '-p --no-undo' '-y --undo=undo' '-y -o new' \
			-y; do
			# shellcheck disable=SC2086
			untouched $file psnap_repair $option $file
			((status == 0))
			[[ $output == *'nothing to do' ]]
		done
	done
	# No copy, and nothing to put back.
	only blank empty notes sound
}

@test "-q prints nothing, and the status tells" {
	damaged store
	silent 4 psnap_repair -q store
	[[ -z $output ]]
	silent 1 psnap_repair -q -y -o new store
	[[ -z $output ]]
	is_clean new 5
	psnap_repair -q -y --no-undo store >&- || (($? == 1))
	cmp store new
}

# --- a copy --------------------------------------------------------------------

@test "-o repairs a copy, and the store stays as it is" {
	damaged store
	untouched store psnap_repair -y -o new store
	((status == 1))
	[[ -z $stderr && $output == *$'\nnew file    new, 1048576 bytes' ]]
	[[ $output == *$'\ndropped     area 0 entry 6: origin chunk 40, '* ]]
	[[ $output == *$'\nlost        1 exception (4096 bytes)'* ]]
	is_clean new 5
	is_finished new
	# Data is where it was, and nothing else is left behind.
	cmp -i 8192 store new
	only new store
}

@test "a copy is sparse, whatever the store is" {
	printf '%s\n' 'chunk 4K' 'size 64M' 'exc 0 2 5' 'exc 0 2' \
		'data pattern' | store store
	cp --sparse=never store full
	for file in store full; do
		silent 1 psnap_repair -y -o "new.$file" "$file"
		[[ $(stat -c %s "new.$file") == $((64 << 20)) ]]
		(($(stat -c %b "new.$file") * 512 < 1 << 20))
	done
	cmp new.store new.full
}

@test "a copy can be made of a store that may only be read" {
	need_file_modes
	damaged store
	chmod 444 store
	silent 1 unprivileged "$PSNAP" repair -y -o new store
	is_clean new 5
	expect 8 unprivileged "$PSNAP" repair -y --no-undo store
	[[ $stderr == 'psnap-repair: store: '* ]]
}

# --- in place ------------------------------------------------------------------

@test "in place a repair has the same result as in a copy" {
	damaged store
	cp store other
	silent 1 psnap_repair -y -o new store
	silent 1 psnap_repair -y --no-undo store
	[[ $output == *$'\nstore       store, 1048576 bytes' ]]
	cmp store new
	is_finished store
	silent 1 psnap_repair -y --undo=undo other
	[[ $output == *$'\nundo        undo, '[1-9]*' bytes' ]]
	cmp other new
}

@test "undo gives back the damaged store, byte for byte" {
	local file
	damaged one
	overflowed two
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 200' 'zero 0 4096' \
		'data pattern' | store three
	printf '%s\n' 'chunk 4K' 'size 2M' 'exc 0 2 256' 'exc 300 259 20' \
		'set 0 7 7 0' 'data pattern' | store four
	for file in one two three four; do
		cp $file before
		expect 1 psnap_repair -y --chunk-size=4K --undo=$file.undo $file
		run ! cmp --quiet $file before
		is_clean $file
		silent 0 psnap_undo -n $file.undo
		[[ $output != *origin* ]]
		silent 0 psnap_undo -n --output=json $file.undo
		[[ $(jq .origin <<<"$output") == null ]]
		silent 0 psnap_undo $file.undo
		cmp $file before
		# And the same way again, also with the file at another place.
		expect 1 psnap_repair -y --chunk-size=4K --undo=$file.undo $file
		mv $file moved
		silent 0 psnap_undo $file.undo moved
		cmp moved before
	done
}

@test "an undo file is continued by a second repair" {
	damaged store
	cp store before
	silent 5 psnap_repair -p --undo=undo store
	silent 1 psnap_repair -y --undo=undo store
	is_clean store 5
	silent 0 psnap_undo undo
	cmp store before
}

@test "-p takes what loses nothing, and says what is left" {
	damaged store
	silent 4 psnap_repair -n -p store
	[[ $output == *$'\nafter       damaged, kernel loads, not safe to merge, 6 '* ]]
	[[ $output == *$'\nwould lose  0 exceptions (0 bytes)'* ]]
	silent 5 psnap_repair -p --undo=undo store
	[[ $output == *$'\nleft        new-chunk-out-of-range\n'* ]]
	[[ $output != *'dropped     area 0 entry 6'* ]]
	expect 4 psnap_check store
	[[ $output == *'table:   6 exceptions'* && $output != *duplicate-same* ]]
	# Nothing more of that kind.
	untouched store psnap_repair -p --undo=undo2 store
	((status == 4))
	[[ ! -e undo2 ]]
}

@test "a safe step that hangs on a lossy one is not taken without it" {
	# The table is full, and the device ends where its next area would be.
	printf '%s\n' 'chunk 4K' 'size 1032K' 'exc 0 2 255' 'exc 7 257' \
		'data pattern' | store store
	for option in '-n -p' -p '-p --undo=undo' '-p -o new'; do
		# shellcheck disable=SC2086 # several words on purpose
		untouched store psnap_repair $option store
		((status == 4))
		[[ -z $stderr && $output == *'nothing that is chosen can be done'* ]]
	done
	only store
	silent 1 psnap_repair -y --undo=undo store
	[[ $output != *$'\nleft '* ]]
	is_clean store 255
	is_finished store
}

# --- which steps ---------------------------------------------------------------

@test "--only and --skip choose steps, together and several times" {
	local a=new-chunk-out-of-range b=duplicate-same
	damaged store
	for option in "--only=$b" "--skip=$a" "--only=$a,$b --skip=$a" \
		"--skip=$a --only=$a --only=$b" "--only holes,$b"; do
		rm -f new
		# shellcheck disable=SC2086
		silent 5 psnap_repair -y -o new $option store
		[[ $output == *$'\nleft        '$a$'\n'* ]]
		expect 4 psnap_check new
		[[ $output == *$a* && $output != *$b* ]]
	done
	for option in "--only=holes" "--skip=$a,$b" "--skip $a --skip $b"; do
		# shellcheck disable=SC2086
		silent 4 psnap_repair -y -o none $option store
		[[ $output == *'nothing that is chosen can be done'* ]]
		[[ ! -e none ]]
	done
}

@test "-p does not zero what another chunk size would make of the store" {
	local size
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 16 3 4' \
		'data pattern' | store store
	for size in 512 1K 8K 64K; do
		untouched store psnap_repair -p --undo=undo \
			--chunk-size=$size store
		((status == 4))
	done
	only store
}

# --- geometry and size ---------------------------------------------------------

@test "a header that is lost is written anew" {
	printf '%s\n' 'chunk 4K' 'size 4M' 'exc 0 2 256' 'exc 300 259 200' \
		'data pattern' 'zero 0 4096' | store store
	expect 4 psnap_check store
	[[ $output == *'DO NOT ACTIVATE'* ]]
	expect 1 psnap_repair -p -o new store
	[[ $output == *$'\nchunk size  4096 bytes, inferred from the table\n'* ]]
	[[ $output == *$'\ncandidate   4096 bytes, score '* ]]
	is_clean new 456
	is_finished new
}

@test "a chunk size that is not known is asked for, not guessed" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 7 2' 'zero 0 4096' |
		store store
	for option in '' '-y --no-undo' '-y --undo=undo' '-y -o new'; do
		# shellcheck disable=SC2086
		untouched store psnap_repair $option store
		((status == 4))
		[[ $output == *'chunk size  not known'* ]]
		[[ $output == *$'\nnext        '*'--chunk-size SIZE'* ]]
	done
	[[ ! -e new && ! -e undo ]]
	silent 1 psnap_repair --chunk-size=4K -y -o new store
	is_clean new 1
	[[ $(psnap_dump --output=csv new | tail -n 1) == 7,2,1,0,0,live ]]
}

@test "--grow makes room in an overflowed snapshot" {
	overflowed store
	cp store before
	expect 4 psnap_repair --grow=128K store
	[[ $output == *$'\nafter       active, kernel loads, safe to merge'* ]]
	cmp store before
	silent 1 psnap_repair --grow=128K -y -o new store
	[[ $output == *$'\nnew file    new, 131072 bytes' ]]
	[[ $(stat -c %s new store) == $'131072\n65536' ]]
	is_clean new 14
	[[ $(psnap_check --output=json new | jq .usage.next_chunk_fits) == true ]]
	silent 1 psnap_repair --grow=131072 -y --undo=undo --log=log store
	cmp store new
	jq -es '.[0] | .action == "grow" and .offset_bytes == 65536
		and .length_bytes == 65536' log
	# Bytes come back, the size does not.
	silent 0 psnap_undo undo
	[[ $(stat -c %s store) == 131072 ]]
	cmp -n 65536 store before
	cmp <(tail -c 65536 store) <(head -c 65536 /dev/zero)
}

@test "--grow alone is something to do, and to the same size it is not" {
	sound_store store
	silent 4 psnap_repair --grow=32M store
	silent 1 psnap_repair --grow=32M --no-undo -y store
	[[ $(stat -c %s store) == $((32 << 20)) ]]
	is_clean store 5
	silent 0 psnap_repair --grow=32M --no-undo -y store
	silent 0 psnap_repair --grow=65536s store
}

@test "a file that was made longer for nothing is as long as before" {
	overflowed store
	cp store before
	expect 4 psnap_repair --grow=128K -y --undo=before store
	[[ $stderr == 'psnap-repair: before: '* ]]
	cmp store before
}
