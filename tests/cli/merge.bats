#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge: the origin becomes what the kernel's own merge made of it, the
# store valid and empty, and each option does what it says. Parts of a merge
# are tested in merge_select.bats and merge_salvage.bats, new files in
# merge_target.bats, what is refused in merge_refuse.bats, what is cut in
# merge_cut.bats, devices that are in use in guard.bats.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge

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
		[[ $(sha256_of "$case.origin") == "$(recorded "$case" merge-merged)" ]]
		is_empty_store "$case.cow"
	done
}

@test "a merge that the kernel began is finished" {
	local case=interrupted-merge
	corpus $case .
	[[ $(recorded $case merge-status) == *' 16/32768 16' ]]
	silent 0 psnap_merge --verify $case.cow $case.origin
	[[ $(sha256_of $case.origin) == "$(recorded $case merge-merged)" ]]
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
			store_kept: false, origin_unrescued_bytes: 0,
			left: .plan.left, left_runs: [],
			left_runs_truncated: false}
		and ([.plan.left[]] == [0, 0, 0, 0]) and .target == null
		and .undo == {file: "undo", size_bytes: $size}
		and .verdict.safe_to_merge
		and .store == {name: "store", size_bytes: 1048576}' doc
	jq -e '.plan.refused and .result == null and .exit_status == 4
		and .plan.exceptions == 0 and .verdict.state == "invalid"
		and ([.plan.findings[].id] | index("snapshot-invalid") != null)' \
		refused
}
