#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge: a signal, a kill or a cut at any moment leaves a pair that shows
# the same, and that the same command goes on with.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge

@test "SIGINT in the middle of a large merge is 32, and the next run ends it" {
	need_strace
	local wanted
	large_pair
	wanted=$(view_sum store origin)
	expect 32 cut_at INT fsync:when=40 \
		"$PSNAP" merge --batch=200K store origin
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
		"$PSNAP" merge --batch=200K store origin
	[[ $(view_sum store origin) == "$wanted" ]]
	run -32 --separate-stderr cut_at TERM pwrite64:when=4000 \
		"$PSNAP" merge --output=json --batch=200K store origin
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
	local wanted rc pid signal interrupted=0
	large_pair
	wanted=$(view_sum store origin)
	for signal in INT TERM INT TERM; do
		local before
		before=$(stat --format=%y origin)
		env --default-signal=INT "$PSNAP" merge --batch=20K \
			--progress=none store origin >out 2>err &
		pid=$!
		changed() {
			is_over "$pid" || [[ $(stat --format=%y origin) != "$before" ]]
		}
		# Without a pause, or it would be over.
		until changed; do :; done
		kill "-$signal" "$pid" || true
		rc=0
		wait "$pid" || rc=$?
		echo "$signal: $rc, $(<err)"
		# It may have been too quick for the signal.
		((rc == 0)) || {
			((rc == 32))
			grep -q 'run the same command again' err
			interrupted=$((interrupted + 1))
		}
		[[ $(view_sum store origin) == "$wanted" ]]
	done
	((interrupted > 0))
	silent 0 psnap_merge store origin
	[[ $(sum_of origin) == "$wanted" ]]
	is_empty_store store
}

@test "SIGINT before the first write says that nothing was changed" {
	need_strace
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
