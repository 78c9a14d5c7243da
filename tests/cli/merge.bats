#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge: the origin becomes what the kernel's own merge made of it, the
# store valid and empty; what is not fit is refused and left alone; and a merge
# that was cut goes on. Undoing is tested in undo.bats, devices that are in use
# in guard.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# A pair with real data: 16 exceptions of 4 KiB in 2 runs, an origin of random
# bytes that ends in the middle of the last chunk that has an exception.
pair() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 11' 'exc 24 20 5' \
		'data pattern' | store store
	head -c $((28 * 4096 + 1536)) /dev/urandom >origin
}

# A pair of many small exceptions in disorder.
many=100000
large_pair() {
	printf '%s\n' 'chunk 512' "scatter $many 150000 7" 'data pattern' |
		store store
	head -c 76799800 /dev/urandom >origin
}

# refuses STATUS TEXT ARGUMENTS...: and neither file is touched.
refuses() {
	local want=$1 text=$2 before after
	shift 2
	before=$(state_of store origin)
	expect "$want" psnap_merge "$@"
	after=$(state_of store origin)
	[[ -z $output && $stderr == *"$text"* && $after == "$before" ]]
}

# --- what it does -----------------------------------------------------------

@test "every store of the corpus merges to what the kernel merged it to" {
	local cases case
	mapfile -t cases < <(corpus_cases)
	((${#cases[@]} >= 7))
	for case in "${cases[@]}"; do
		[[ $case != overflow ]] || continue
		corpus "$case" .
		silent 0 psnap_merge "$case.cow" "$case.origin"
		[[ $output == 'merged      '[1-9]*' exceptions in '* ]]
		[[ $output == *$'\nstore       valid and empty' ]]
		[[ $(sum_of "$case.origin") == "$(recorded "$case" merge-merged)" ]]
		is_empty_store "$case.cow"
	done
}

@test "a merge that the kernel began is finished" {
	local case=interrupted-merge
	corpus $case .
	[[ $(recorded $case merge-status) == *' 16/32768 16' ]]
	silent 0 psnap_merge --verify $case.cow $case.origin
	[[ $(sum_of $case.origin) == "$(recorded $case merge-merged)" ]]
	is_empty_store $case.cow
}

@test "an overflowed snapshot is refused, and the way out is named" {
	corpus overflow .
	mv overflow.cow store
	mv overflow.origin origin
	refuses 4 'error snapshot-invalid: ' store origin
	refuses 4 '--accept-invalid merges its 254 exceptions' store origin
	expect 0 psnap_check --ignore=snapshot-invalid store origin
}

@test "--accept-invalid merges the exceptions of an overflowed snapshot" {
	local wanted
	corpus overflow .
	wanted=$(view_sum overflow.cow overflow.origin)
	[[ $wanted != "$(sum_of overflow.origin)" ]]
	expect 0 psnap_merge --accept-invalid overflow.cow overflow.origin
	[[ $stderr == *'marked invalid: its 254 exceptions'* ]]
	[[ $output == *$'\nstore       empty, still marked invalid' ]]
	[[ $(sum_of overflow.origin) == "$wanted" ]]
	expect 4 psnap_check overflow.cow
	[[ $output == *'table:   0 exceptions'* ]]
}

@test "the last chunk of an origin of odd size is merged as far as it goes" {
	local wanted size
	for size in 1 511 512 513 4095 4096; do
		pair
		truncate --size=$((28 * 4096 + size)) origin
		wanted=$(view_sum store origin)
		silent 0 psnap_merge --verify store origin
		[[ $output == *"copied      $((15 * 4096 + size)) bytes"* ]]
		[[ $(sum_of origin) == "$wanted" ]]
		[[ $(stat --format=%s origin) == $((28 * 4096 + size)) ]]
	done
}

@test "an empty store, and one that is merged already, is nothing to do" {
	empty_store store
	head -c 1M /dev/urandom >origin
	local before
	before="$(sum_of store) $(sum_of origin)"
	silent 0 psnap_merge store origin
	[[ $output == 'merged      0 exceptions in 0 runs'* ]]
	[[ "$(sum_of store) $(sum_of origin)" == "$before" ]]
	pair
	silent 0 psnap_merge store origin
	before=$(sum_of origin)
	silent 0 psnap_merge store origin
	[[ $output == $'merged      0 exceptions in 0 runs\ncopied      0 bytes'* ]]
	[[ $(sum_of origin) == "$before" ]]
}

@test "any size of a batch leads to the same result" {
	local wanted size
	pair
	cp store store.orig
	cp origin origin.orig
	wanted=$(view_sum store origin)
	for size in 1 4K 12K 0x5000 9s 1G 8E; do
		cp store.orig store
		cp origin.orig origin
		silent 0 psnap_merge --batch="$size" store origin
		[[ $(sum_of origin) == "$wanted" ]]
		is_empty_store store
	done
}

# --- options ----------------------------------------------------------------

@test "--dry-run says what would be done and changes nothing" {
	pair
	for option in -n --dry-run '-n --accept-invalid' '-n --undo=undo'; do
		# shellcheck disable=SC2086 # several words on purpose
		untouched store psnap_merge $option store origin
		((status == 0))
		# shellcheck disable=SC2086
		untouched origin psnap_merge $option store origin
		((status == 0))
		[[ ${lines[0]} == 'would merge 16 exceptions in 2 runs' ]]
		[[ ${lines[1]} == 'would copy  62976 bytes in 1 batch' ]]
		[[ ${lines[2]} == 'verdict     safe to merge' ]]
	done
	[[ ! -e undo ]]
	silent 0 psnap_merge -n --batch=4K store origin
	[[ ${lines[1]} == *' in 16 batches' ]]
	# Without the right to write, too.
	need_file_modes
	chmod 444 store origin
	silent 0 unprivileged "$PSNAP" merge -n store origin
	expect 8 unprivileged "$PSNAP" merge store origin
	[[ $stderr == 'psnap-merge: store: '* ]]
}

@test "--dry-run of what would be refused says so" {
	corpus overflow .
	mv overflow.cow store
	mv overflow.origin origin
	before=$(state_of store origin)
	expect 4 psnap_merge -n store origin
	[[ $output == 'verdict     would be refused' ]]
	[[ $stderr == *'error snapshot-invalid: '* ]]
	silent 0 psnap_merge -n --accept-invalid store origin
	[[ ${lines[2]} == 'verdict     marked invalid, accepted' ]]
	[[ $(state_of store origin) == "$before" ]]
}

@test "--keep-store copies, and leaves the store as it is" {
	local wanted
	pair
	wanted=$(view_sum store origin)
	sha256sum store >sum
	silent 0 psnap_merge --keep-store store origin
	[[ $output == *$'\nstore       kept' ]]
	[[ $(sum_of origin) == "$wanted" ]]
	sha256sum --check --quiet sum
	# It can be done again, and taken back into use after that.
	silent 0 psnap_merge --keep-store --skip-equal store origin
	[[ $output == *$'\ncopied      0 bytes\n'* ]]
	silent 0 psnap_merge store origin
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
}

@test "--skip-equal writes only what differs, and says how much" {
	local wanted
	pair
	wanted=$(view_sum store origin)
	# The first run of the two is there already.
	dd if=store of=origin bs=4096 skip=2 seek=3 count=11 conv=notrunc \
		status=none
	silent 0 psnap_merge --skip-equal store origin
	[[ $output == *$'\ncopied      17920 bytes\n'* ]]
	[[ $output == *$'\nequal       45056 bytes were the same and not written\n'* ]]
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
}

@test "a second run with --skip-equal copies nothing" {
	local wanted
	pair
	cp store again
	wanted=$(view_sum store origin)
	silent 0 psnap_merge store origin
	silent 0 psnap_merge --skip-equal again origin
	[[ ${lines[1]} == 'copied      0 bytes' ]]
	[[ ${lines[2]} == "equal       $((15 * 4096 + 1536)) bytes "* ]]
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store again
}

@test "-q prints nothing, and needs no standard output" {
	pair
	silent 0 psnap_merge -q store origin
	[[ -z $output ]]
	is_empty_store store
	pair
	psnap_merge -q store origin >&-
	is_empty_store store
}

@test "the JSON documents follow their schema, and their numbers are right" {
	pair
	psnap_merge --output=json -n store origin >dry
	psnap_merge --output=json --undo=undo store origin >doc
	corpus overflow .
	expect 4 psnap_merge --output=json -q overflow.cow overflow.origin
	[[ -z $output ]]
	expect 4 psnap_merge --output=json overflow.cow overflow.origin
	printf '%s\n' "$output" >refused
	fits merge dry doc refused
	jq -e '.dry_run and .result == null and .undo == null
		and .plan.exceptions == 16 and .plan.batches == 1
		and .exit_status == 0' dry
	jq -e --argjson size "$(stat --format=%s undo)" '(.dry_run | not)
		and .result == {exceptions: 16, copied_bytes: 62976,
			equal_bytes: 0, batches: 1, exceptions_left: 0,
			store_kept: false}
		and .undo == {file: "undo", size_bytes: $size}
		and .verdict.safe_to_merge
		and .store == {name: "store", size_bytes: 1048576}' doc
	jq -e '.plan.refused and .result == null and .exit_status == 4
		and .plan.exceptions == 0 and .verdict.state == "invalid"
		and ([.plan.findings[].id] | index("snapshot-invalid") != null)' \
		refused
}

# --- refusals ---------------------------------------------------------------

@test "a store with errors is refused, with the list, and left alone" {
	pair
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' 'exc 0 3' |
		store store
	refuses 4 'psnap-merge: store: error duplicate-new: byte ' store origin
	refuses 4 'error duplicate-old: byte ' store origin
	refuses 4 'not merged: 2 findings of severity error or fatal' \
		store origin
	refuses 4 'not merged: 2 findings' --accept-invalid store origin
	# With -q only the last line is left.
	complains 4 'psnap-merge: store: not merged: 2 findings' \
		psnap_merge -q store origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 400 2' | store store
	refuses 4 'old-chunk-out-of-range' store origin
}

@test "a warning or a note is no reason to refuse" {
	local wanted
	head -c 1M /dev/urandom >origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 5 2' 'exc 9 10' 'set 0 9 7 8' \
		'data pattern' | store store
	expect 4 psnap_check store origin
	[[ $output == *entries-after-terminator* && $output == *holes* ]]
	wanted=$(view_sum store origin)
	silent 0 psnap_merge store origin
	[[ $(sum_of origin) == "$wanted" ]]
	# And what stood behind the terminator does not come back to life.
	is_empty_store store
	silent 0 psnap_dump --all --output=csv store
	[[ ${#lines[@]} -eq 1 ]]
}

@test "what is no store is refused and left alone" {
	pair
	for file in blank random short; do
		case $file in
		blank) truncate --size=0 store && truncate --size=1M store ;;
		random) head -c 1M /dev/urandom >store ;;
		short) head -c 100 /dev/urandom >store ;;
		esac
		refuses 4 'not merged: ' store origin
	done
}

@test "a pair in the wrong order is refused" {
	pair
	refuses 4 'not merged: ' origin store
}

@test "the same file twice, by whatever name, is refused" {
	pair
	name=psnap-merge
	ln store hard-link
	ln -s store symlink
	mkdir dir
	ln -s "$PWD/store" dir/far
	sha256sum store >sum
	for option in '' -n --undo=undo; do
		for other in store ./store hard-link symlink dir/far; do
			# shellcheck disable=SC2086 # no word on purpose
			refused 'are the same' "$PSNAP" merge $option store \
				"$other"
			# shellcheck disable=SC2086
			refused 'are the same' "$PSNAP" merge $option "$other" \
				store
		done
	done
	sha256sum --check --quiet sum
	[[ ! -e undo ]]
}

@test "both operands are needed, and no third" {
	pair
	name=psnap-merge
	refused 'STORE is missing' "$PSNAP" merge
	refused 'ORIGIN is missing' "$PSNAP" merge store
	refused 'three: one operand too many' "$PSNAP" merge store origin three
	refused --chunk-size "$PSNAP" merge --chunk-size=4K store origin
	refused --batch "$PSNAP" merge --batch=0 store origin
	refused --undo "$PSNAP" merge --undo= store origin
	refused csv "$PSNAP" merge --output=csv store origin
	refused ndjson "$PSNAP" merge --output=ndjson store origin
}

@test "operands that cannot be opened are named, and nothing is changed" {
	pair
	mkdir directory
	mkfifo fifo
	for other in missing directory fifo /dev/null; do
		refuses 8 "psnap-merge: $other: " store "$other"
		refuses 8 "psnap-merge: $other: " "$other" origin
		refuses 8 "psnap-merge: $other: " -n store "$other"
	done
}

@test "a result that cannot be printed is a failure, the merge is done" {
	local wanted
	pair
	wanted=$(view_sum store origin)
	to_full() {
		"$@" >/dev/full
	}
	complains 8 'psnap-merge: standard output: no space left on device' \
		to_full psnap_merge store origin
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
}

@test "a standard output that is the store or the origin is refused" {
	pair
	into() {
		local file=$1
		shift
		"$@" 1<>"$file"
	}
	refuses 8 '' missing origin
	for file in store origin; do
		untouched "$file" into "$file" "$PSNAP" merge store origin
		[[ $stderr == *'standard output: it is '"$file"' itself'* ]]
		((status == 8))
	done
}

@test "a device that is full fails, and the message says how to go on" {
	command -v strace >/dev/null || skip "no strace"
	need_no_sanitizer
	local wanted call
	pair
	cp store store.orig
	cp origin origin.orig
	wanted=$(view_sum store origin)
	for call in pwrite64:error=ENOSPC:when=2 pwrite64:error=EIO:when=2+ \
		fsync:error=EIO:when=1 fsync:error=EIO:when=2; do
		cp store.orig store
		cp origin.orig origin
		expect 8 strace -qq -o trace -e trace=pwrite64,fsync \
			-e "inject=$call" "$PSNAP" merge store origin
		[[ -z $output ]]
		[[ $stderr == *'; run the same command again to go on' ]]
		[[ $(view_sum store origin) == "$wanted" ]]
		silent 0 psnap_merge store origin
		[[ $(sum_of origin) == "$wanted" ]]
		is_empty_store store
	done
}

# --- interruptions ----------------------------------------------------------

# cut SIGNAL CALL COMMAND...: the signal arrives at that system call.
cut_at() {
	local signal=$1 call=$2
	shift 2
	strace -qq -o trace -e "trace=${call%%:*}" \
		-e "inject=${call%%:*}:signal=$signal:${call#*:}" "$@"
}

@test "SIGINT in the middle of a large merge is 32, and the next run ends it" {
	command -v strace >/dev/null || skip "no strace"
	need_no_sanitizer
	local wanted
	large_pair
	wanted=$(view_sum store origin)
	expect 32 cut_at INT fsync:when=40 \
		"$PSNAP" merge --batch=1M store origin
	[[ -z $output ]]
	[[ $stderr == *": interrupted; "[1-9]*" of $many exceptions are merged, "* ]]
	[[ $stderr == *'run the same command again to go on; '* ]]
	[[ $stderr == *'the origin alone is neither the old nor the new'* ]]
	[[ $stderr != *$'\n'* ]]
	# What is left is a pair that shows the same.
	expect 0 psnap_check store origin
	[[ $output == *'merge:   safe'* ]]
	[[ $(view_sum store origin) == "$wanted" ]]
	left=$(psnap_check --output=json store | jq .table.exceptions)
	((left > 0 && left < many))
	# So it is after a kill, and the document tells what is left.
	run cut_at KILL fsync:when=20 \
		"$PSNAP" merge --batch=1M store origin
	[[ $(view_sum store origin) == "$wanted" ]]
	run -32 --separate-stderr cut_at TERM pwrite64:when=20000 \
		"$PSNAP" merge --output=json --batch=1M store origin
	printf '%s\n' "$output" >doc
	fits merge doc
	jq -e '.exit_status == 32 and .result.exceptions_left > 0
		and .result.exceptions + .result.exceptions_left
			== .plan.exceptions' doc
	silent 0 psnap_merge store origin
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
}

@test "SIGINT and SIGTERM at any moment leave a pair that can be merged" {
	local wanted rc pid signal
	large_pair
	wanted=$(view_sum store origin)
	for signal in INT TERM INT TERM; do
		local before
		before=$(stat --format=%y origin)
		psnap_merge --batch=1M --progress=none store origin \
			>out 2>err &
		pid=$!
		changed() {
			is_over "$pid" || [[ $(stat --format=%y origin) != "$before" ]]
		}
		eventually changed
		kill "-$signal" "$pid" || true
		rc=0
		wait "$pid" || rc=$?
		echo "$signal: $rc, $(<err)"
		# It may have been too quick for the signal.
		((rc == 0)) || {
			((rc == 32))
			grep -q 'run the same command again' err
		}
		[[ $(view_sum store origin) == "$wanted" ]]
	done
	silent 0 psnap_merge store origin
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
}

@test "SIGINT before the first write says that nothing was changed" {
	command -v strace >/dev/null || skip "no strace"
	need_no_sanitizer
	pair
	before=$(state_of store origin)
	expect 32 cut_at INT flock:when=1 "$PSNAP" merge store origin
	[[ $stderr == *'interrupted; nothing was changed, run the same '* ]]
	[[ $(state_of store origin) == "$before" ]]
}

@test "progress on standard error never mixes with the result" {
	pair
	cp store store.orig
	cp origin origin.orig
	psnap_merge store origin >wanted
	for when in auto bar json none; do
		cp store.orig store
		cp origin.orig origin
		psnap_merge --progress=$when store origin >out 2>err
		cmp out wanted
		[[ $when != json ]] || jq -e .progress err
	done
}
