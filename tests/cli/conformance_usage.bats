#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Help, version and usage errors of all commands, by each of their names.

# shellcheck disable=SC2154,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load conformance

# --- help and version -------------------------------------------------------

help_is_shown() {
	silent 0 "${tool[@]}" "$1"
	fits_terminal
	[[ $output == "Usage: $name "* ]]
	for text in --help --version 'Exit status'; do
		[[ $output == *"$text"* ]]
	done
	complains 8 'psnap-merge: ' "$PSNAP" merge '' ''
}

@test "--help and -h print a help of 80 columns and end well" {
	for_every_tool help_is_shown --help
	for_every_tool help_is_shown -h
}

version_is_shown() {
	silent 0 "${tool[@]}" "$1"
	[[ $output == "psnap 0.1.0" ]]
}

@test "--version and -V print the version and end well" {
	for_every_tool version_is_shown --version
	for_every_tool version_is_shown -V
}

help_needs_nothing_else() {
	silent 0 "${tool[@]}" --help missing one two three
	silent 0 "${tool[@]}" missing --version
}

@test "--help and --version do not look at the operands" {
	for_every_tool help_needs_nothing_else
}

@test "psnap alone has help, a version and psnap help COMMAND" {
	for option in --help -h help; do
		silent 0 "$PSNAP" "$option"
		fits_terminal
		[[ $output == "Usage: psnap "* ]]
		[[ $output == *check* && $output == *dump* ]]
		[[ $output == *merge* && $output == *undo* ]]
	done
	silent 0 "$PSNAP" --version
	[[ $output == "psnap 0.1.0" ]]
	silent 0 "$PSNAP" -V
	[[ $output == "psnap 0.1.0" ]]
	for command in check convert diff dump merge repair undo; do
		silent 0 "$PSNAP" help "$command"
		[[ $output == "$("$PSNAP" "$command" --help)" ]]
	done
}

@test "psnap without a command, or with one it does not have, is refused" {
	refused '' "$PSNAP"
	refused nonsense "$PSNAP" nonsense
	refused nonsense "$PSNAP" help nonsense
	refused dump "$PSNAP" help check dump
	refused --nonsense "$PSNAP" --nonsense
	refused -x "$PSNAP" -x store
	refused '' "$PSNAP" ''
	refused Check "$PSNAP" Check store
}

@test "a link with another name than a command's is psnap itself" {
	local dir=$BATS_TEST_TMPDIR
	ln -s "$PSNAP" "$dir/psnap-nonsense"
	silent 0 "$dir/psnap-nonsense" --version
	refused nonsense "$dir/psnap-nonsense" nonsense
	# And a command's name counts wherever the link is.
	ln -s "$PSNAP" "$dir/psnap-check"
	silent 0 "$dir/psnap-check" --help
	[[ $output == "Usage: psnap-check "* ]]
}

list_matches_help() {
	silent 0 "${tool[@]}" --list-options
	sort <<<"$output" >listed
	"${tool[@]}" --help | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\).*/\1 \2/p' |
		tr -s ', ' '\n' | sed '/^$/d' | sort >shown
	[[ -s shown ]]
	diff listed shown
	[[ -z $(uniq --repeated listed) ]]
}

@test "--list-options has exactly the options that --help shows" {
	for_every_tool list_matches_help
}

# --- usage errors -----------------------------------------------------------

operands_are_counted() {
	refused STORE "${tool[@]}"
	refused STORE "${tool[@]}" --
	refused STORE "${tool[@]}" --header-only
	refused four "${tool[@]}" one two three four ||
		refused three "${tool[@]}" one two three ||
		refused two "${tool[@]}" one two
}

@test "operands that are missing or too many are refused" {
	for_each_tool operands_are_counted
	name=psnap-dump refused two "$PSNAP" dump one two
	name=psnap-check refused three "$PSNAP" check one two three
	name=psnap-check refused store "$PSNAP" check --explain all store
}

unknown_options_are_refused() {
	refused --nonsense "${tool[@]}" --nonsense store
	refused --nonsense "${tool[@]}" store --nonsense
	refused --nonsense "${tool[@]}" --nonsense=3 store
	refused -z "${tool[@]}" -z store
	refused z "${tool[@]}" -qz store
	# Options are not abbreviated: a new one must not break a script.
	refused --out "${tool[@]}" --out=json store
	refused --usage "${tool[@]}" --usage
	refused '-?' "${tool[@]}" '-?'
}

@test "unknown options are refused" {
	for_every_tool unknown_options_are_refused
}

# Options that take a value, as --help shows them.
options_with_value() {
	"${tool[@]}" --help | sed -n 's/^ .*\(--[a-z0-9-]*\)=[A-Z].*/\1/p'
}
options_without_value() {
	"${tool[@]}" --help | sed -n 's/^ .*\(--[a-z0-9-]*\) .*/\1/p'
}

values_are_demanded() {
	local options option
	mapfile -t options < <(options_with_value)
	((${#options[@]} >= 2))
	for option in "${options[@]}"; do
		refused "$option" "${tool[@]}" store "$option"
	done
	mapfile -t options < <(options_without_value)
	((${#options[@]} >= 5))
	for option in "${options[@]}"; do
		refused "$option" "${tool[@]}" "$option=1" store
	done
}

@test "an option without its value, or with one too many, is refused" {
	for_every_tool values_are_demanded
	name=psnap-dump refused -o "$PSNAP" dump store -o
}

words_are_known() {
	for word in unknown '' JSON js json,text ' json'; do
		refused --output "${tool[@]}" --output="$word" store
		refused --output "${tool[@]}" --output "$word" store
		refused --progress "${tool[@]}" --progress="$word" store
	done
}

@test "a format or a kind of progress that does not exist is refused" {
	for_every_tool words_are_known
	name=psnap-check refused --output "$PSNAP" check --output=csv store
}

@test "every option for a number refuses what is not one, and names itself" {
	local options
	empty_store store
	options=('check --chunk-size' 'check --max-findings' 'dump --chunk-size'
		'dump --old' 'dump --new' 'dump --lookup' 'merge --batch'
		'merge --range' 'merge --exclude')
	for option in "${options[@]}"; do
		read -r command option <<<"$option"
		name=psnap-$command
		for value in '' -1 +1 ' 7' '7 ' 7x 1e3 0x 0X10 0xg x 1.5 1,5 \
			99999999999999999999 0x10000000000000000 5Q 5k 5KB --; do
			refused "$option" "$PSNAP" "$command" \
				"$option=$value" store
			refused "'$value'" "$PSNAP" "$command" \
				"$option" "$value" store
		done
	done
}

@test "sizes refuse what has more than 64 bits, and wrong or second suffixes" {
	name=psnap-dump
	for value in 16E 17179869184G 36028797018963968s 1KK 4Ks 4sK 1B 1b; do
		refused --lookup "$PSNAP" dump --lookup="$value" store
		refused --chunk-size "$PSNAP" dump --chunk-size="$value" store
		name=psnap-merge refused --batch \
			"$PSNAP" merge --batch="$value" store origin
	done
}

@test "--chunk-size takes powers of two from 512 bytes to 1 GiB only" {
	empty_store store
	for command in check dump; do
		name=psnap-$command
		for value in 0 1 256 511 513 1000 3K 4097 2G 1T 0s 3s; do
			refused --chunk-size "$PSNAP" "$command" \
				--chunk-size="$value" store
		done
	done
	for value in 512 1s 4K 0x1000 8s 64K; do
		silent 0 psnap_dump --header-only --chunk-size="$value" store
	done
	# That is a chunk size, but not one for a store of 1 MiB.
	for value in 1M 1G 2097152s; do
		expect 4 psnap_dump --chunk-size="$value" store
	done
}

@test "ranges refuse what is empty, reversed or half" {
	name=psnap-dump
	for value in 5..5 5..4 0..0 .. 1.. ..5 1.2 1...2 1..2..3 1-2 1K 1..2K \
		1..-2 '1.. 2' 1:2 18446744073709551615; do
		refused --old "$PSNAP" dump --old="$value" store
		refused "'$value'" "$PSNAP" dump --new "$value" store
	done
}

@test "options of dump that exclude each other are refused, and both named" {
	local modes tables
	name=psnap-dump
	modes=(--lookup=0 --metadata-image=image --header-only)
	tables=(--exceptions --old=1 --new=1 --all --crc32)
	sound_store store
	for a in "${modes[@]}"; do
		for b in "${modes[@]}" "${tables[@]}"; do
			[[ $a != "$b" ]] || continue
			refused "${a%=*}" "$PSNAP" dump "$a" "$b" store
			refused "${b%=*}" "$PSNAP" dump "$a" "$b" store
			refused "${a%=*}" "$PSNAP" dump "$b" store "$a"
		done
	done
	for a in --lookup=0 --header-only; do
		refused csv "$PSNAP" dump --output=csv "$a" store
		refused "${a%=*}" "$PSNAP" dump "$a" --output=csv store
	done
	[[ ! -e image ]]
	# These go together.
	silent 0 psnap_dump "${tables[@]}" --output=csv store
}

@test "options of check that exclude each other are refused, and both named" {
	name=psnap-check
	for a in --data --all-areas; do
		refused "$a" "$PSNAP" check --header-only "$a" store
		refused --header-only "$PSNAP" check "$a" --header-only store
	done
}

options_may_follow() {
	sound_store store
	silent 0 "${tool[@]}" --output=json store
	local wanted=$output
	silent 0 "${tool[@]}" store --output=json
	[[ $output == "$wanted" ]]
	silent 0 "${tool[@]}" store --output json
	[[ $output == "$wanted" ]]
	silent 0 "${tool[@]}" --output=json -- store
	[[ $output == "$wanted" ]]
}

@test "options may stand behind operands, and -- ends them" {
	for_each_tool options_may_follow
	sound_store ./--help
	sound_store ./-V
	for file in --help -V; do
		silent 0 psnap_check -- "$file"
		[[ $output == "store:   $file, "* ]]
		silent 0 psnap_dump -- "$file"
		[[ $output == "store       $file"$'\n'* ]]
	done
	name=psnap-dump refused --help "$PSNAP" dump -- store --help
}

@test "of an option given again, the last value counts, or all" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' 'exc 2 2' |
		store store
	silent 4 psnap_check --output=ndjson --output=text store
	[[ $output == *$'\nstate:   damaged'* ]]
	silent 4 psnap_check --max-findings=0 --max-findings=1 store
	[[ $output == *'duplicate-new: and 1 more'* ]]
	silent 0 psnap_check --ignore=duplicate-new --ignore=holes store
	silent 4 psnap_check -q -q --all-areas --all-areas store
	silent 0 psnap_dump --output=csv --output=json --header-only store
	jq . <<<"$output" >/dev/null
	silent 0 psnap_dump --chunk-size=512 --chunk-size=4K store
	[[ $output == *'chunk size  4096 bytes'* ]]
	silent 0 psnap_dump --old=0 --old=1 --output=csv store
	[[ ${#lines[@]} -eq 2 && ${lines[1]} == 1,2,1,0,1,live ]]
	silent 0 psnap_dump -o one --output-file=two store
	[[ -f two && ! -e one ]]
	# A wrong value is not forgiven for a right one behind it.
	name=psnap-check
	refused --max-findings "$PSNAP" check --max-findings=x --max-findings=1 x
}

@test "nothing outside the command line changes what is done" {
	sound_store store
	mkdir home
	printf 'psnap-check alias --data --help\npsnap alias check --help\n' |
		tee home/.popt >popt
	local wanted
	wanted=$(psnap_check store)
	silent 0 env HOME="$PWD/home" PSNAP_OPTIONS=--help \
		"$PSNAP" check store --data
	[[ $output == "$wanted" ]]
}
