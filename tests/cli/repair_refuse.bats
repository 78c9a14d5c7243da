#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What psnap repair refuses: options that make no sense, places that files must
# not be at, sizes that cannot be; and that nothing is touched then.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load repair

name=psnap-repair

# usage WORD ARGUMENT...: a usage error, by both names of the command, and
# nothing but the files that there were.
usage() {
	local word=$1 before
	shift
	before=$(state_of store)
	refused "$word" "$PSNAP" repair "$@"
	refused "$word" "${PSNAP%/*}/psnap-repair" "$@"
	[[ $(state_of store) == "$before" ]]
	[[ ! -e new && ! -e log ]]
}

@test "options that exclude each other are refused, and both named" {
	damaged store
	usage --yes --preen --yes store
	usage --preen -y -p store
	usage --no-undo --undo=undo --no-undo store
	usage --output-file --undo=undo -o new -y store
	for option in -p -y '-o new' --undo=undo --no-undo --carve=a1; do
		# shellcheck disable=SC2086 # several words on purpose
		usage --carve --carve $option store
	done
	for option in --only=holes --skip=holes --carve --carve=a1 \
		--origin-fills --chunk-size=4K; do
		: >dump
		usage --from --from=dump "$option" store
		usage "${option%%=*}" --from=dump "$option" store
	done
}

@test "operands and values that are missing or wrong are refused" {
	damaged store
	usage STORE
	usage three store two three
	usage two --from=dump store two
	usage ORIGIN --origin-fills store
	for option in --only --skip; do
		for value in nonsense '' duplicate-same,nonsense ',' 'holes,'; do
			usage "$option" "$option=$value" store
		done
	done
	for value in '' -1 x 1x 1Q 16E 0 9223372036854775808; do
		usage --grow "--grow=$value" store
	done
	for option in --undo --from --log --output-file; do
		usage "$option" "$option=" store
	done
	usage --output-file -o - -y store
	usage --output --output=ndjson store
	for value in x a A1 a1.2 a1.5-2 a1- 1 a99999 a1.0-99999 'a1,' ,a1; do
		usage "--carve" "--carve=$value" store
	done
	usage 'named twice' --carve=a0,a0 store
	usage 'named twice' --carve=a0.0-20,a0.20-30 store
}

@test "in place, something has to be said about undo" {
	damaged store
	for option in -y -p '-y --log=log'; do
		# shellcheck disable=SC2086
		usage --undo $option store
		# shellcheck disable=SC2086
		usage --no-undo $option store
	done
	# Only if something would be written.
	silent 4 psnap_repair -y --only=holes store
	sound_store store
	silent 0 psnap_repair -y store
}

@test "a new file that exists is refused, whatever it is" {
	damaged store
	echo precious >file
	mkdir dir
	ln -s nowhere dangling
	ln store hard
	for path in file dir dangling hard store /dev/null; do
		for option in -y -p -n; do
			usage "$path exists" -o "$path" $option store
		done
	done
	[[ $(<file) == precious ]]
	expect 8 psnap_repair -y -o missing/new store
	[[ $stderr == 'psnap-repair: missing/new: '* ]]
}

@test "the store and the origin are not the same" {
	damaged store
	ln store hard
	usage 'are the same' store store
	usage 'are the same' -y --no-undo store hard
	usage 'are the same' -y -o new hard store
}

@test "files that are written to are none that are only read" {
	damaged store
	head -c 1M /dev/urandom >origin
	ln -s origin link
	for option in --undo --log; do
		usage "$option: store is the store" -y "$option=store" store \
			origin
		usage "$option: link is the origin" -y "$option=link" -n store \
			origin
	done
	silent 0 psnap_dump --output=ndjson -o dump store
	for option in --undo=dump --log=dump; do
		usage 'dump is the dump' -n "$option" --from=dump store
	done
	# A file that is neither is left alone.
	echo precious >file
	expect 4 psnap_repair -y --undo=file store origin
	[[ $stderr == 'psnap-repair: file: '* && $(<file) == precious ]]
	expect 8 psnap_repair -y --undo=missing/undo store
	expect 8 psnap_repair -y --no-undo --log=missing/log store
	[[ $stderr == 'psnap-repair: missing/log: '* ]]
	expect 4 psnap_check store
	[[ $output == *duplicate-same* ]]
}

@test "an undo file of another store is refused" {
	damaged store
	overflowed other
	cp other before
	silent 1 psnap_repair -y --undo=undo store
	expect 4 psnap_repair -y --undo=undo other
	[[ $stderr == 'psnap-repair: undo: '* ]]
	cmp other before
	expect 4 psnap_undo undo other
	cmp other before
}

@test "a size below that of the store is refused" {
	damaged store
	for size in 1 1023K 1048575; do
		usage --grow --grow=$size store
		usage --grow --grow=$size -y -o new store
		usage --grow --grow=$size -y --no-undo store
	done
}

@test "what is no store at all is told, and left alone" {
	head -c 1M /dev/urandom >store
	cp store before
	run --separate-stderr psnap_repair -y --undo=undo store
	((status == 4))
	cmp store before
	for bytes in 0 1 15 512 4096; do
		head -c $bytes before >short
		cp short short.before
		run --separate-stderr timeout 20 "$PSNAP" repair -y --no-undo short
		[[ $status == [04] ]]
		cmp short short.before
	done
	complains 8 'psnap-repair: missing: ' psnap_repair missing
	mkdir dir
	complains 8 'psnap-repair: dir: ' psnap_repair -y --no-undo dir
}

@test "another psnap at work on the store is refused, but not a plan" {
	damaged store
	exec 9<>store
	flock --exclusive 9
	complains 8 'psnap-repair: store: another psnap is at work on it' \
		psnap_repair -y --no-undo store
	silent 4 psnap_repair store
	silent 1 psnap_repair -y -o new store
	exec 9>&-
	exec 9>log
	flock --exclusive 9
	untouched store psnap_repair -y --no-undo --log=log store
	((status == 8))
	[[ $stderr == *'log: another psnap is at work on it' ]]
	exec 9>&-
	silent 1 psnap_repair -y --no-undo store
}

@test "when the result cannot be printed the status says so" {
	damaged store
	to_full() {
		"$@" >/dev/full
	}
	for format in text json; do
		untouched store to_full "$PSNAP" repair --output=$format store
		((status == 12))
		[[ $stderr == *'no space left on device' ]]
		rm -f new
		run -9 --separate-stderr to_full \
			"$PSNAP" repair --output=$format -y -o new store
		is_clean new 5
	done
	# The store itself as standard output is left alone.
	cp store before
	run -8 --separate-stderr to_store "$PSNAP" repair store
	cmp store before
}
to_store() {
	"$@" >>store
}

@test "an interrupted copy leaves nothing, an interrupted repair goes on" {
	command -v strace >/dev/null || skip "no strace"
	need_no_sanitizer
	printf '%s\n' 'chunk 4K' 'size 4M' 'exc 0 2 200' 'exc 0 2 56' \
		'exc 300 259 20' | store store
	cp store before
	silent 1 psnap_repair -y -o wanted store
	run -32 --separate-stderr strace -qq -o trace -e trace=pwrite64 \
		-e inject=pwrite64:signal=SIGINT:when=1 \
		"$PSNAP" repair -y --chunk-size=4K -o new store
	[[ $stderr == *interrupted* && ! -e new ]]
	only before store trace wanted
	cmp store before
	# A kill in the middle of it, at each write, and then once more.
	local n
	for n in 1 2 3 4; do
		cp before store
		rm -f undo
		run --separate-stderr strace -qq -o trace -e trace=pwrite64 \
			-e inject=pwrite64:signal=SIGKILL:when=$n \
			"$PSNAP" repair -y --undo=undo store
		((status == 137 || (n > 1 && status == 1)))
		expect 1 psnap_repair -y --undo=undo store ||
			cmp store wanted
		cmp store wanted
		silent 0 psnap_undo undo
		cmp store before
	done
}

@test "a signal during a repair in place is told, and the same command goes on" {
	command -v strace >/dev/null || skip "no strace"
	need_no_sanitizer
	printf '%s\n' 'chunk 512' 'scatter 100000 150000 7' \
		'set 3 5 9999999 2' 'set 3000 5 7 2' | store store
	cp store before
	expect 1 psnap_repair -q -y -o wanted store
	expect 32 strace -qq -o trace -e trace=pwrite64 \
		-e inject=pwrite64:signal=SIGTERM:when=1 \
		"$PSNAP" repair -y --undo=undo store
	[[ $stderr == 'psnap-repair: store: interrupted; nothing is lost: run the same command again'* ]]
	[[ $output != *$'\ndropped '* ]]
	expect 1 psnap_repair -q -y --undo=undo store
	cmp store wanted
	silent 0 psnap_undo undo
	cmp store before
}
