#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap repair on a terminal: each step is asked about, and what is not agreed
# to is not done.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load repair

# asked ANSWERS STATUS ARGUMENT...: what the terminal showed is in $stderr.
asked() {
	local answers=$1 status=$2
	shift 2
	need_terminal
	expect "$status" on_terminal "$answers" "$PSNAP" repair "$@"
}
questions() {
	grep -o 'Do that?' <<<"$stderr" | wc -l
}

@test "without a terminal nobody is asked, and nothing is done" {
	damaged store
	for option in --no-undo --undo=undo '-o new' '--no-undo --log=log'; do
		# shellcheck disable=SC2086 # several words on purpose
		untouched store psnap_repair $option store </dev/null
		((status == 4))
		[[ $output == *$'\nbefore      '* ]]
		[[ $stderr == 'psnap-repair: store: nothing was changed: there is no terminal'* ]]
		# shellcheck disable=SC2086
		untouched store psnap_repair -q $option store </dev/null
		((status == 4))
		[[ -z $output$stderr ]]
	done
	only store
}

@test "each step is asked about, with what it costs" {
	damaged store
	asked yy 1 -o new store
	[[ $(questions) == 2 ]]
	[[ $stderr == *'psnap-repair: new-chunk-out-of-range: lossy: '* ]]
	[[ $stderr == *'psnap-repair: duplicate-same: safe: '* ]]
	# The findings come before the questions, and are not shown again.
	[[ $(grep -c '^fatal new-chunk-out-of-range: ' <<<"$output") == 1 ]]
	is_clean new 5
	expect 4 psnap_check store
}

@test "what is not agreed to is left, and no answer is no" {
	local answers
	damaged store
	for answers in ny .y xny; do
		rm -f new
		asked "$answers" 5 -o new store
		[[ $output == *$'\nleft        new-chunk-out-of-range\n'* ]]
		expect 4 psnap_check new
		[[ $output == *new-chunk-out-of-range* ]]
		[[ $output != *duplicate-same* ]]
	done
	for answers in nn .. n:; do
		rm -f none
		asked "$answers" 4 -o none store
		[[ ! -e none ]]
	done
}

@test "all from here on, and nothing at all" {
	damaged store
	asked a 1 -o new store
	[[ $(questions) == 1 ]]
	is_clean new 5
	cp store before
	for answers in q yq : y:; do
		asked "$answers" 4 --no-undo store
		cmp store before
	done
	asked na 5 --undo=undo store
	run ! cmp --quiet store before
	silent 0 psnap_undo undo
	cmp store before
}

@test "an interrupt while asking changes nothing" {
	damaged store
	cp store before
	for answers in ^ y^; do
		asked "$answers" 32 --no-undo store
		[[ $stderr == *'interrupted; nothing was changed'* ]]
		cmp store before
	done
	only before store
}

@test "neither -p nor -y nor -n nor a plan asks" {
	damaged store
	for option in '' -n '-n --no-undo'; do
		# shellcheck disable=SC2086
		asked yyyy 4 $option store
		[[ $(questions) == 0 ]]
	done
	asked nnnn 5 -p -o one store
	asked nnnn 1 -y -o two store
	[[ $(questions) == 0 ]]
	is_clean two 5
	sound_store sound
	asked nnnn 0 --no-undo sound
	[[ $(questions) == 0 ]]
}

@test "what nobody can be asked about is reported as ever" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 7 2' 'zero 0 4096' |
		store store
	asked yyyy 4 --no-undo store
	[[ $(questions) == 0 ]]
	[[ $output == 'fatal magic-zero: '*'--chunk-size SIZE'* ]]
}

@test "asking mixes with neither JSON nor quiet" {
	damaged store
	asked ny 5 --output=json -o new store
	jq -e '.mode == "copy" and .done and .exit_status == 5
		and ([.plan.steps[] | select(.chosen) | .id] == ["duplicate-same"])' \
		<<<"$output"
	asked yy 1 -q -o other store
	[[ -z $output && $(questions) == 2 ]]
	is_clean other 5
}
