#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap undo: both devices are as they were before the merge, byte for byte,
# also after a merge or an undo that was cut, and with an undo file whose last
# record was torn.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load undo

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# --- putting back -----------------------------------------------------------

@test "every merge of the corpus can be undone, byte for byte" {
	local case
	for case in $(corpus_cases); do
		corpus "$case" .
		expect 0 psnap_merge --undo="$case.undo" --accept-invalid \
			"$case.cow" "$case.origin"
		[[ $output == *$'\n'"undo        $case.undo ("[1-9]*' bytes)' ]]
		[[ $case == overflow || $(sha256_of "$case.origin") == \
			"$(recorded "$case" merge-merged)" ]]
		silent 0 psnap_undo "$case.undo"
		[[ $output == *$'\nput back    '[1-9]*' bytes' ]]
		[[ $(sha256_of "$case.cow") == "$(recorded "$case" cow-sha256)" ]]
		[[ $(sha256_of "$case.origin") == \
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
		and .origin == {name: "origin", size_bytes: 116225,
			changed_samples: 0}' dry
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
	local call
	for call in pwrite64:when={1,2,7,40,262,285} io_uring_enter:when={1,9,60}; do
		large_pair
		run -137 cut_at KILL "$call" "$PSNAP" merge \
			--batch=1M --undo=undo store origin
		[[ $(wc -l <trace) -ge ${call##*=} ]]
		if [[ -s undo ]]; then
			silent 0 psnap_undo --verify undo
			silent 0 psnap_undo undo
		else
			# Before the header of the undo file nothing is written.
			[[ $call == *write64:when=1 ]]
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
	for bytes in 1 47 48 49 600; do
		cp whole undo
		tail -c +16385 whole | head -c $bytes >>undo
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
