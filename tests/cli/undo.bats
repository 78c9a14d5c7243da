#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap undo: both devices are as they were before the merge, byte for byte,
# also after a merge or an undo that was cut; an undo file that is none, or was
# made for others, is refused, and so is one that has no place.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Two stores of the same size whose exceptions are others, and an origin of
# odd size; sum has what they were.
pair() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 11' 'exc 24 20 5' \
		'data pattern' | store store
	head -c $((28 * 4096 + 1537)) /dev/urandom >origin
	sha256sum store origin >sum
}
is_as_before() {
	sha256sum --check --quiet sum
}

# A pair is merged with an undo file.
merged() {
	pair
	rm -f undo
	silent 0 psnap_merge --undo=undo store origin
	run ! is_as_before
}

# A pair of many exceptions, more of them than one batch has.
large_pair() {
	printf '%s\n' 'chunk 4K' 'scatter 3000 4000 7' 'data pattern' |
		store store
	head -c 16383000 /dev/urandom >origin
	sha256sum store origin >sum
}

need_strace() {
	command -v strace >/dev/null || skip "no strace"
	need_no_sanitizer
}

# cut_at SIGNAL CALL COMMAND...: the signal arrives at that system call.
cut_at() {
	local signal=$1 call=$2
	shift 2
	strace -qq -o trace -e "trace=${call%%:*}" \
		-e "inject=${call%%:*}:signal=$signal:${call#*:}" "$@"
}

# --- putting back -----------------------------------------------------------

@test "every merge of the corpus can be undone, byte for byte" {
	local case
	for case in $(corpus_cases); do
		corpus "$case" .
		expect 0 psnap_merge --undo="$case.undo" --accept-invalid \
			"$case.cow" "$case.origin"
		[[ $output == *$'\n'"undo        $case.undo ("[1-9]*' bytes)' ]]
		[[ $case == overflow || $(sum_of "$case.origin") == \
			"$(recorded "$case" merge-merged)" ]]
		silent 0 psnap_undo "$case.undo"
		[[ $output == *$'\nput back    '[1-9]*' bytes' ]]
		[[ $(sum_of "$case.cow") == "$(recorded "$case" cow-sha256)" ]]
		[[ $(sum_of "$case.origin") == \
			"$(recorded "$case" origin-sha256)" ]]
	done
}

@test "STORE and ORIGIN may be named, both, one, or none, from anywhere" {
	for operands in '' store 'store origin'; do
		merged
		# shellcheck disable=SC2086 # several words on purpose
		silent 0 psnap_undo undo $operands
		is_as_before
	done
	merged
	mkdir elsewhere
	silent 0 env --chdir=elsewhere "$PSNAP" undo ../undo
	is_as_before
	# They may have moved.
	merged
	mkdir new
	mv store origin new
	expect 8 psnap_undo undo
	[[ $stderr == *"$PWD/store: "* ]]
	silent 0 psnap_undo undo new/store new/origin
	mv new/* .
	is_as_before
}

@test "undoing twice changes nothing more, and then a merge can be done again" {
	local wanted
	pair
	wanted=$(view_sum store origin)
	silent 0 psnap_merge --undo=undo store origin
	silent 0 psnap_undo undo
	is_as_before
	silent 0 psnap_undo undo
	is_as_before
	silent 0 psnap_merge --undo=undo store origin
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
	silent 0 psnap_undo undo
	is_as_before
}

@test "a merge with --undo leads to the same result as one without" {
	local wanted options
	for options in '' --keep-store --skip-equal --verify --batch=4K \
		'--skip-equal --batch=12K'; do
		pair
		wanted=$(view_sum store origin)
		# shellcheck disable=SC2086 # several words on purpose
		silent 0 psnap_merge --undo=undo $options store origin
		[[ $(sum_of origin) == "$wanted" ]]
		silent 0 psnap_undo undo
		is_as_before
		rm undo
	done
}

@test "--dry-run changes nothing and says whether it would work" {
	merged
	sha256sum store origin >sum.merged
	for option in -n --dry-run; do
		for file in store origin undo; do
			untouched $file "$PSNAP" undo $option undo
			((status == 0))
		done
		[[ $output == *$'\nwould put back '[1-9]*' bytes; the devices '* ]]
		[[ -z $stderr ]]
	done
	sha256sum --check --quiet sum.merged
	cp store other
	truncate --size=+4096 other
	expect 4 psnap_undo -n undo other origin
	[[ -z $output && $stderr == 'psnap-undo: undo: '* ]]
	sha256sum --check --quiet sum.merged
}

@test "--verify reads the undo file alone" {
	merged
	rm store origin
	untouched undo "$PSNAP" undo --verify undo
	((status == 0))
	[[ ${lines[0]} == 'undo file   undo, '[1-9]*' records, '*' bytes' ]]
	[[ ${lines[1]} == "store       $PWD/store, 1048576 bytes" ]]
	[[ ${lines[2]} == "origin      $PWD/origin, 116225 bytes" ]]
	[[ ${lines[3]} == 'verified    every record' ]]
}

@test "the JSON documents follow their schema, and their numbers are right" {
	merged
	psnap_undo --output=json --verify undo >verify
	psnap_undo --output=json -n undo store origin >dry
	psnap_undo --output=json undo >doc
	fits undo verify dry doc
	jq -e '.verify and (.dry_run | not) and .put_back_bytes == 0' verify
	jq -e '.dry_run and (.verify | not) and .put_back_bytes == 0
		and .store == {name: "store", size_bytes: 1048576}
		and .origin == {name: "origin", size_bytes: 116225}' dry
	jq -e --argjson size "$(stat --format=%s undo)" '.exit_status == 0
		and .file == {name: "undo", size_bytes: $size}
		and .put_back_bytes == .saved_bytes and .torn_bytes == 0
		and .saved_bytes > 62976 and .records > 2' doc
}

@test "a result that cannot be printed is a failure, all is put back" {
	merged
	to_full() {
		"$@" >/dev/full
	}
	complains 8 'psnap-undo: standard output: no space left on device' \
		to_full psnap_undo undo
	is_as_before
	merged
	silent 0 psnap_undo -q undo
	[[ -z $output ]]
	is_as_before
}

# --- what is cut ------------------------------------------------------------

@test "a merge that was cut anywhere can be undone" {
	need_strace
	local wanted when
	for when in 1 2 7 40 300 1400 2500; do
		large_pair
		run cut_at KILL "pwrite64:when=$when" "$PSNAP" merge \
			--batch=1M --undo=undo store origin
		[[ $(wc -l <trace) -ge $when ]]
		if [[ -s undo ]]; then
			silent 0 psnap_undo --verify undo
			silent 0 psnap_undo undo
		else
			# Before the header of the undo file nothing is written.
			((when == 1))
		fi
		is_as_before
		rm undo
	done
}

@test "a merge that was cut goes on with the same undo file" {
	need_strace
	local wanted when
	large_pair
	wanted=$(view_sum store origin)
	for when in 12 7 6; do
		expect 32 cut_at INT "fsync:when=$when" "$PSNAP" merge \
			--batch=1M --undo=undo store origin
		[[ $stderr == *' exceptions are merged, nothing is lost: run the same '* ]]
		[[ $(view_sum store origin) == "$wanted" ]]
	done
	silent 0 psnap_merge --undo=undo store origin
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
	silent 0 psnap_undo undo
	is_as_before
}

@test "an undo that was cut is run again" {
	need_strace
	local when writes
	large_pair
	silent 0 psnap_merge --undo=undo --batch=1M store origin
	writes=$(psnap_undo --output=json --verify undo | jq .records)
	((writes > 500))
	for when in $((writes / 3)) 2 $((writes - 1)); do
		run cut_at KILL "pwrite64:when=$when" "$PSNAP" undo undo
		run ! is_as_before
	done
	expect 32 cut_at INT pwrite64:when=200 "$PSNAP" undo undo
	[[ -z $output ]]
	[[ $stderr == *': interrupted; run the same command again' ]]
	run ! is_as_before
	silent 0 psnap_undo undo
	is_as_before
}

@test "a write that fails is told, with what to do" {
	need_strace
	local call
	merged
	for call in pwrite64:error=EIO:when=2 fsync:error=EIO:when=1; do
		expect 8 strace -qq -o trace -e trace=pwrite64,fsync \
			-e "inject=$call" "$PSNAP" undo undo
		[[ -z $output ]]
		[[ $stderr == *'; run the same command again to go on' ]]
	done
	silent 0 psnap_undo undo
	is_as_before
}

@test "a torn record at the end is left out, whatever there is of it" {
	local size
	merged
	size=$(stat --format=%s undo)
	cp undo whole
	for bytes in 1 39 40 41 600; do
		cp whole undo
		tail -c +8193 whole | head -c $bytes >>undo
		silent 0 psnap_undo --verify undo
		[[ ${lines[1]} == "torn        $bytes bytes at the end, "* ]]
		psnap_undo --output=json --verify undo >doc
		jq -e ".torn_bytes == $bytes and .file.size_bytes == $((size + bytes))" doc
	done
	silent 0 psnap_undo undo
	is_as_before
	# And it is overwritten by a merge that goes on.
	silent 0 psnap_merge --undo=undo store origin
	silent 0 psnap_undo undo
	is_as_before
}

# --- what is refused --------------------------------------------------------

# refuses STATUS TEXT ARGUMENTS...: and no file is touched.
refuses() {
	local want=$1 text=$2 before after
	shift 2
	before=$(state_of store origin undo)
	expect "$want" psnap_undo "$@"
	after=$(state_of store origin undo)
	[[ -z $output && $stderr == *"$text"* && $after == "$before" ]]
}

@test "other devices than those it was made for are refused" {
	merged
	cp store other-store
	cp origin other-origin
	# Of the same size, but with another beginning, middle, or end.
	for offset in 0 61440 116000; do
		cp origin changed
		printf changed | dd of=changed bs=1 seek="$offset" \
			conv=notrunc status=none
	done
	head -c 116225 /dev/urandom >changed
	refuses 4 'psnap-undo: undo: ' undo store changed
	refuses 4 'psnap-undo: undo: ' -n undo store changed
	truncate --size=116224 changed
	refuses 4 '116225' undo store changed
	printf '%s\n' 'chunk 8K' 'size 1M' | store changed
	refuses 4 'psnap-undo: undo: ' undo changed origin
	refuses 4 'psnap-undo: undo: ' undo origin store
	# A copy of both is as good.
	silent 0 psnap_undo undo other-store other-origin
	cmp -s other-origin origin && return 1
	mv other-store store
	mv other-origin origin
	is_as_before
}

@test "a merge never goes on with the undo file of other devices" {
	merged
	sha256sum undo >undo.sum
	pair
	for option in '' --keep-store; do
		# shellcheck disable=SC2086 # no word on purpose
		expect 4 psnap_merge --undo=undo $option store origin
		[[ -z $output && $stderr == 'psnap-merge: undo: '* ]]
		is_as_before
		sha256sum --check --quiet undo.sum
	done
}

@test "a file that is no undo file is refused and left alone" {
	merged
	cp undo whole
	for damage in 'head -c 0' 'head -c 8191' 'tail -c +2' 'tail -c +8193' \
		'tr p q' 'cat store'; do
		$damage <whole >undo
		refuses 4 'psnap-undo: undo: ' undo store origin
		refuses 4 'psnap-undo: undo: ' --verify undo
	done
	# Nor does a merge write to it.
	pair
	for damage in 'head -c 8191' 'tail -c +2' 'tr p q'; do
		$damage <whole >undo
		sha256sum undo >undo.sum
		expect 4 psnap_merge --undo=undo store origin
		[[ $stderr == 'psnap-merge: undo: '* ]]
		is_as_before
		sha256sum --check --quiet undo.sum
	done
}

@test "an undo file cannot be the store, the origin, or no regular file" {
	pair
	name=psnap-merge
	ln store hard-link
	ln -s origin symlink
	mkdir directory
	mkfifo fifo
	for file in store ./store hard-link origin symlink; do
		refused 'is the ' "$PSNAP" merge --undo="$file" store origin
		is_as_before
	done
	for file in directory /dev/null missing/undo store/undo; do
		expect 8 psnap_merge --undo="$file" store origin
		[[ -z $output && $stderr == "psnap-merge: $file: "* ]]
		is_as_before
	done
	expect 8 timeout 20 "$PSNAP" merge --undo=fifo store origin
	is_as_before
}

@test "an undo file in a full place is refused before anything is written" {
	((EUID == 0)) || skip "needs root to mount"
	pair
	mkdir small
	mount -t tmpfs -o size=64k none small || skip "mounting is not allowed"
	expect 8 psnap_merge --undo=small/undo store origin || status=none
	local left
	left=$(ls -A small)
	umount small
	[[ $status == 8 && -z $output && -z $left ]]
	[[ $stderr =~ 'may need '[0-9]+' bytes and 65536 are free' ]]
	is_as_before
}

@test "a merge that is refused leaves no undo file" {
	corpus overflow .
	expect 4 psnap_merge --undo=undo overflow.cow overflow.origin
	[[ ! -e undo ]]
}

@test "operands are counted, and options that exclude each other refused" {
	name=psnap-undo
	refused 'FILE is missing' "$PSNAP" undo
	refused 'four: one operand too many' "$PSNAP" undo one two three four
	refused 'store: one operand too many' "$PSNAP" undo --verify undo store
	refused --verify "$PSNAP" undo --dry-run --verify undo
	refused --dry-run "$PSNAP" undo --verify --dry-run undo
	refused --chunk-size "$PSNAP" undo --chunk-size=4K undo
	merged
	refused 'are the same' "$PSNAP" undo undo store store
	refused 'undo file itself' "$PSNAP" undo undo undo origin
	for file in missing /dev/null; do
		refuses 8 "psnap-undo: $file: " "$file"
		refuses 8 "psnap-undo: $file: " undo store "$file"
	done
}
