#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge --target: a new file has what the snapshot shows, appears whole or
# not at all, and neither the store nor the origin is written to.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge

# leaves_alone COMMAND...: neither file changes, whatever the command returns.
leaves_alone() {
	local before after
	before=$(state_of store origin)
	"$@"
	after=$(state_of store origin)
	[[ $after == "$before" ]]
}

# Nothing but the files that were there before, also none under another name.
nothing_remains() {
	[[ -z $(find . -name '*new*' -o -name '.psnap*') ]]
}

@test "every store of the corpus is merged to what the kernel merged it to" {
	local case
	for case in $(corpus_cases); do
		[[ $case != overflow ]] || continue
		corpus "$case" .
		mv "$case.cow" store
		mv "$case.origin" origin
		leaves_alone silent 0 psnap_merge --verify --target=new store origin
		[[ $output == 'merged      '[1-9]*$'\ntarget      new, '*' bytes' ]]
		[[ $(sha256_of new) == "$(recorded "$case" merge-merged)" ]]
		rm new
	done
}

@test "origins of odd size, and stores without exceptions" {
	local size
	for size in 1 511 512 513 4095 4096; do
		pair
		truncate --size=$((28 * 4096 + size)) origin
		remember
		leaves_alone silent 0 psnap_merge --target=new store origin
		cmp new view
		rm new
	done
	empty_store store
	leaves_alone silent 0 psnap_merge --target=new store origin
	[[ $output == 'merged      0 exceptions in 0 runs'* ]]
	cmp new origin
	rm new
	: >origin
	leaves_alone silent 0 psnap_merge --target=new store origin
	[[ -e new && ! -s new ]]
}

@test "it needs no right to write to the store or the origin" {
	need_file_modes
	pair
	remember
	chmod 444 store origin
	mkdir out
	chmod 777 out
	leaves_alone silent 0 unprivileged "$PSNAP" merge --target=out/new \
		store origin
	cmp out/new view
}

@test "a hole of the origin is one in the new file, and zeros become one" {
	zeros_pair
	silent 0 psnap_merge --target=new store origin
	cmp new view
	# 29 chunks of 8 sectors, 4 of them zero.
	echo "$(blocks new) blocks"
	(($(blocks new) <= 29 * 8 - 32 + 64))
}

@test "it goes together with ranges: the rest is what the origin has" {
	pair
	remember
	for options in '--range=24..41' '--range=24..48 --exclude=40'; do
		# shellcheck disable=SC2086 # several words
		leaves_alone silent 0 psnap_merge $options --target=new store origin
		[[ ${lines[2]} == 'left        14 exceptions (not asked for '* ]]
		cp origin before
		mv new origin
		only_changed 3 5
		mv before origin
	done
}

@test "what cannot be read is what the origin has, and is told" {
	need_bad_sectors
	pair
	remember
	leaves_alone expect 4 with_bad store 20480-20992 "$PSNAP" merge \
		--salvage --target=new store origin
	[[ $stderr == 'psnap-merge: store: left: origin sectors 48..56: '* ]]
	[[ $output == *$'\nleft        1 exception (unreadable 1)\ntarget      new, '* ]]
	mv new origin
	only_changed 3 6 7 14 24 29
	# An origin that cannot be read is needed only where nothing is merged.
	cp origin.before origin
	silent 0 with_bad origin 12288-57344 "$PSNAP" merge --target=new store \
		origin
	cmp new view
}

@test "--accept-invalid copies what an overflowed snapshot still shows" {
	corpus overflow .
	mv overflow.cow store
	mv overflow.origin origin
	remember
	leaves_alone expect 4 psnap_merge --target=new store origin
	[[ $stderr == *'--accept-invalid merges its 254 exceptions'* ]]
	nothing_remains
	leaves_alone expect 0 psnap_merge --accept-invalid --target=new store \
		origin
	[[ $stderr == *'marked invalid: its 254 exceptions'* ]]
	cmp new view
}

@test "--dry-run creates nothing" {
	pair
	leaves_alone silent 0 psnap_merge -n --target=new store origin
	[[ ${lines[0]} == 'would merge 16 exceptions in 2 runs' ]]
	[[ ${lines[2]} == 'would write new, 116224 bytes' ]]
	[[ ${lines[3]} == 'verdict     safe to merge' ]]
	nothing_remains
}

@test "the JSON document names the new file when there is one" {
	pair
	psnap_merge --output=json -n --target=new store origin >dry
	psnap_merge --output=json --target=new store origin >doc
	fits merge dry doc
	jq -e '.target == null and .result == null' dry
	jq -e '.target == {file: "new", size_bytes: 116224} and .undo == null
		and .result.exceptions == 16 and .result.store_kept
		and .result.exceptions_left == 16' doc
}

# --- refusals ---------------------------------------------------------------

@test "what exists is not replaced, whatever it is" {
	pair
	name=psnap-merge
	echo text >file
	mkdir directory
	mkfifo fifo
	ln -s nowhere dangling
	ln -s file link
	for option in '' -n; do
		for file in file directory fifo dangling link store origin \
			/dev/null; do
			# shellcheck disable=SC2086 # no word on purpose
			leaves_alone refused "--target: $file exists" "$PSNAP" \
				merge $option --target="$file" store origin
		done
	done
	[[ $(<file) == text && ! -e nowhere ]]
	nothing_remains
}

@test "options that would write to the store or the origin are refused" {
	pair
	name=psnap-merge
	for option in --undo=undo --keep-store --skip-equal; do
		for order in "--target=new $option" "$option --target=new"; do
			# shellcheck disable=SC2086 # two words
			leaves_alone refused "${option%=*}: --target leaves the" \
				"$PSNAP" merge $order store origin
		done
	done
	refused 'standard output' "$PSNAP" merge --target=- store origin
	refused 'standard output' "$PSNAP" merge --target - store origin
	refused --target "$PSNAP" merge --target= store origin
	[[ ! -e - && ! -e undo ]]
	nothing_remains
}

@test "a place where nothing can be created is a failure" {
	pair
	for file in missing/new store/new; do
		leaves_alone complains 8 "psnap-merge: $file: " \
			psnap_merge --target=$file store origin
	done
	need_file_modes
	mkdir closed
	chmod 555 closed
	leaves_alone complains 8 'psnap-merge: closed/new: ' \
		unprivileged "$PSNAP" merge --target=closed/new store origin
}

# --- failures ---------------------------------------------------------------

@test "if it fails nothing remains, and the new file is named" {
	need_strace
	local call
	pair
	for call in pwrite64:error=ENOSPC:when=1 pwrite64:error=EIO:when=2 \
		fsync:error=EIO:when=1 ftruncate:error=EFBIG:when=1 \
		rename,renameat,renameat2:error=EIO:when=1; do
		leaves_alone expect 8 strace -qq -o trace \
			-e "trace=${call%%:*}" -e "inject=$call" \
			"$PSNAP" merge --target=new store origin
		[[ -z $output && $stderr == 'psnap-merge: new: '* ]]
		[[ $stderr != *'again to go on'* && $stderr != *$'\n'* ]]
		nothing_remains
	done
}

@test "if it is interrupted nothing remains, and nothing was changed" {
	need_strace
	local signal
	long_pair
	for signal in INT TERM; do
		for when in 1 9 500; do
			leaves_alone expect 32 cut_at $signal "pwrite64:when=$when" \
				"$PSNAP" merge --target=new store origin
			[[ -z $output && $stderr != *$'\n'* ]]
			[[ $stderr == *': interrupted; nothing was changed, run the same '* ]]
			nothing_remains
		done
	done
	leaves_alone silent 0 psnap_merge --target=new store origin
	remember
	cmp new view
}

@test "a result that cannot be printed is a failure, the new file is there" {
	pair
	remember
	to_full() {
		"$@" >/dev/full
	}
	complains 8 'psnap-merge: standard output: no space left on device' \
		to_full psnap_merge --target=new store origin
	cmp new view
}
