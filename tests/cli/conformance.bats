#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What all commands have in common, by each of their names: help, version,
# usage errors, numbers, kinds of files, output that cannot be written, and
# that what is read stays as it is. What a command is for is not tested here.

# run sets stderr and status; functions see the variables of the test that
# calls them.
# shellcheck disable=SC2154,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Standard output has something, in lines of at most 80 columns.
fits_terminal() {
	[[ -n $output ]]
	[[ $(wc -L <<<"$output") -le 80 ]]
}

# --- help and version -------------------------------------------------------

help_is_shown() {
	silent 0 "${tool[@]}" "$1"
	fits_terminal
	[[ $output == "Usage: $name "* ]]
	for text in --help --version 'Exit status'; do
		[[ $output == *"$text"* ]]
	done
}

@test "--help and -h print a help of 80 columns and end well" {
	for_each_tool help_is_shown --help
	for_each_tool help_is_shown -h
}

version_is_shown() {
	silent 0 "${tool[@]}" "$1"
	[[ $output == "psnap 0.1.0" ]]
}

@test "--version and -V print the version and end well" {
	for_each_tool version_is_shown --version
	for_each_tool version_is_shown -V
}

help_needs_nothing_else() {
	silent 0 "${tool[@]}" --help missing one two three
	silent 0 "${tool[@]}" missing --version
}

@test "--help and --version do not look at the operands" {
	for_each_tool help_needs_nothing_else
}

@test "psnap alone has help, a version and psnap help COMMAND" {
	for option in --help -h help; do
		silent 0 "$PSNAP" "$option"
		fits_terminal
		[[ $output == "Usage: psnap "* ]]
		[[ $output == *check* && $output == *dump* ]]
	done
	silent 0 "$PSNAP" --version
	[[ $output == "psnap 0.1.0" ]]
	silent 0 "$PSNAP" -V
	[[ $output == "psnap 0.1.0" ]]
	for command in check dump; do
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
	for_each_tool list_matches_help
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
	for_each_tool unknown_options_are_refused
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
	((${#options[@]} >= 5))
	for option in "${options[@]}"; do
		refused "$option" "${tool[@]}" store "$option"
	done
	mapfile -t options < <(options_without_value)
	((${#options[@]} >= 6))
	for option in "${options[@]}"; do
		refused "$option" "${tool[@]}" "$option=1" store
	done
}

@test "an option without its value, or with one too many, is refused" {
	for_each_tool values_are_demanded
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
	for_each_tool words_are_known
	name=psnap-check refused --output "$PSNAP" check --output=csv store
}

@test "every option for a number refuses what is not one, and names itself" {
	local options
	empty_store store
	options=('check --chunk-size' 'check --max-findings' 'dump --chunk-size'
		'dump --old' 'dump --new' 'dump --lookup')
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
	for command in check dump; do
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

# --- output -----------------------------------------------------------------

to() { # FILE COMMAND...
	local file=$1
	shift
	"$@" >"$file"
}
to_nowhere() {
	"$@" >&-
}

full_is_noticed() {
	complains 8 "$name: standard output: no space left on device" \
		to /dev/full "${tool[@]}" "$@"
	complains 8 "$name: standard output: " to_nowhere "${tool[@]}" "$@"
}

@test "a standard output that is full or closed is an error that says so" {
	sound_store store
	for_each_tool full_is_noticed store
	for format in text json ndjson; do
		for_each_tool full_is_noticed store --output="$format"
	done
	for_each_tool full_is_noticed --help
	for_each_tool full_is_noticed --version
	for_each_tool full_is_noticed --list-options
	name=psnap-check tool=("$PSNAP" check)
	full_is_noticed --explain=all
	name=psnap-dump tool=("$PSNAP" dump)
	for option in --output=csv --header-only --lookup=0 --compress --crc32; do
		full_is_noticed "$option" store
	done
	name=psnap tool=("$PSNAP")
	full_is_noticed --help
	full_is_noticed --version
}

@test "a failed output is told by the exit status whatever the store is like" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' | store damaged
	printf '%s\n' 'chunk 512' 'exc 0 2 32' 'truncate 17408' | store endless
	for store in damaged endless; do
		for command in check dump; do
			run --separate-stderr to /dev/full \
				"$PSNAP" "$command" "$store"
			echo "$command $store: $status"
			# 4 is added if the findings came first.
			((status == 8 || status == 12))
			[[ $stderr == *"no space left on device" ]]
		done
	done
}

@test "what prints nothing does not need a standard output" {
	sound_store store
	silent 0 to_nowhere psnap_check -q store
	silent 0 to /dev/full psnap_check -q store
	silent 0 to_nowhere psnap_dump -o out store
	silent 0 to_nowhere psnap_dump --metadata-image=image store
	psnap_dump store | cmp - out
}

@test "closed descriptors never make psnap write into a file it opened" {
	sound_store store
	psnap_dump store >wanted
	all_closed() {
		"$@" <&- >&- 2>&-
	}
	untouched store all_closed "$PSNAP" dump store
	((status == 8))
	untouched store all_closed "$PSNAP" check --nonsense store
	((status == 16))
	untouched store all_closed "$PSNAP" dump -o out store
	((status == 0))
	cmp out wanted
	untouched store all_closed "$PSNAP" dump --lookup=x store
	((status == 16))
	# Here there is a message, and a file that might have got number 2.
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 9999' | store bad
	expect 8 psnap_dump --crc32 bad
	printf '%s\n' "$output" >wanted
	untouched bad all_closed "$PSNAP" dump --crc32 -o out bad
	((status == 8))
	cmp out wanted
	out_closed() {
		"$@" >&- 2>&-
	}
	untouched bad out_closed "$PSNAP" dump --crc32 -o out bad
	((status == 8))
	cmp out wanted
}

reader_goes_away() {
	local statuses
	timeout 60 "${tool[@]}" "$@" 2>err | head -n 1 >/dev/null
	statuses=("${PIPESTATUS[@]}")
	echo "$name $*: ${statuses[0]}, $(<err)"
	((statuses[0] == 8 || statuses[0] == 12))
	[[ ! -s err ]]
}

@test "when the reader of a pipe goes away that is exit status 8, silently" {
	printf '%s\n' 'chunk 4K' 'scatter 100000 10000000 1' | store store
	name=psnap-dump tool=("$PSNAP" dump)
	for format in text json ndjson csv; do
		reader_goes_away store --output="$format"
		reader_goes_away store --exceptions --output="$format"
	done
	# 8000 entries whose data is in the same chunk.
	{
		printf '%s\n' 'chunk 4K' 'size 64M'
		seq 0 7999 | awk '{ print "set", int($1 / 256), $1 % 256, $1, 2 }'
	} | store store
	name=psnap-check tool=("$PSNAP" check)
	for format in text json ndjson; do
		reader_goes_away store --max-findings=10000 --output="$format"
	done
}

# --- progress ---------------------------------------------------------------

progress_is_for_stderr() {
	local wanted
	wanted=$("${tool[@]}" store)
	for when in auto none bar json; do
		expect 0 "${tool[@]}" --progress="$when" store
		[[ $output == "$wanted" ]]
		[[ $when == [bj]* || -z $stderr ]]
	done
}

@test "progress never mixes with the results" {
	sound_store store
	for_each_tool progress_is_for_stderr
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
