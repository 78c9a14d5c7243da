# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of the command line share: where the programs are, how a
# store is made, and what every refusal has to look like. What each command
# does is for its own file.
#
# $PSNAP and $MKSTORE name the programs; by default those in build/. A test
# writes nothing outside $BATS_TEST_TMPDIR, but for what no other file system
# than a tmpfs can hold.

# shellcheck disable=SC2154,SC2034 # run sets stderr, the tests use tool

TESTS=$(realpath "$BATS_TEST_DIRNAME/..")
PSNAP=$(realpath "${PSNAP:-$TESTS/../build/psnap}")
MKSTORE=$(realpath "${MKSTORE:-${PSNAP%/*}/tests/mkstore}")
export LC_ALL=C
for program in "$PSNAP" "$MKSTORE"; do
	[[ -x $program ]] || echo "no program $program" >&2
done

psnap_check() {
	"$PSNAP" check "$@"
}

psnap_dump() {
	"$PSNAP" dump "$@"
}
psnap_convert() {
	"$PSNAP" convert "$@"
}
psnap_diff() {
	"$PSNAP" diff "$@"
}
psnap_merge() {
	"$PSNAP" merge "$@"
}
psnap_undo() {
	"$PSNAP" undo "$@"
}

# A sum of a file alone, and of what the snapshot STORE ORIGIN shows, which takes
# less time than the sha256 that is recorded of some.
sum_of() {
	b2sum <"$1"
}
view_sum() {
	"${PSNAP%/*}/tests/view" "$1" "$2" | b2sum
}
sha256_of() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# store NAME <RECIPE: make a store, see mkstore --help.
store() {
	"$MKSTORE" -q - "$1"
}

# An empty store of 1 MiB, a sound one of 16 MiB with two runs.
empty_store() {
	printf '%s\n' 'chunk 4K' 'size 1M' | store "$1"
}
sound_store() {
	printf '%s\n' 'chunk 4K' 'size 16M' 'exc 0 2' 'exc 16 3 4' | store "$1"
}

# The cases of the corpus, and one case as CASE.cow and CASE.origin in
# directory DIR.
corpus_cases() {
	local file
	for file in "$TESTS"/corpus/*/cow.img.gz; do
		basename "${file%/*}"
	done
}
# recorded CASE KEY: what the kernel said of it.
recorded() {
	sed -n "s/^$2 //p" "$TESTS/corpus/$1/expected" | head -n 1
}
corpus() { # CASE DIR
	gzip -dc "$TESTS/corpus/$1/cow.img.gz" >"$2/$1.cow"
	gzip -dc "$TESTS/corpus/$1/origin.img.gz" >"$2/$1.origin"
}

# expect STATUS COMMAND...: it must end so; what it printed is in $output and
# $stderr, and is shown if the test fails later.
expect() {
	local rc=0
	# bats notes each command for a backtrace, which takes longer than most of
	# what is run here. The line that called this is enough.
	set +T
	expect_untraced "$@" || rc=$?
	set -T
	return "$rc"
}
expect_untraced() {
	local want=$1 rc=0
	shift
	echo "\$ $*"
	run "-$want" --separate-stderr "$@" || rc=$?
	echo "stdout: ${output:0:4000}"
	echo "stderr: ${stderr:0:4000}"
	return "$rc"
}

# silent STATUS COMMAND...: the same, and nothing on standard error.
silent() {
	expect "$@"
	[[ -z $stderr ]]
}

# complains STATUS TEXT COMMAND...: the same; the only line on standard error
# begins with TEXT.
complains() {
	local want=$1 text=$2
	shift 2
	expect "$want" "$@"
	[[ $stderr == "$text"* && $stderr != *$'\n'* ]]
}

# For the functions below: the name in messages and the words that call it.
name=psnap
tool=("$PSNAP")

# for_each_tool COMMAND...: with $name and $tool set for psnap check and
# psnap-check, psnap dump and psnap-dump, which take a store and only read it.
for_each_tool() {
	for_tools 'check dump' "$@"
}

# for_every_tool COMMAND...: the same for all commands.
for_every_tool() {
	for_tools 'check convert diff dump merge repair undo' "$@"
}

for_tools() { # COMMANDS COMMAND...
	local command commands=$1
	shift
	for command in $commands; do
		name=psnap-$command
		tool=("$PSNAP" "$command")
		"$@"
		tool=("${PSNAP%/*}/$name")
		"$@"
	done
}

# refused WORD COMMAND...: a usage error of $name whose message has WORD in it.
refused() {
	local word=$1 hint="Try '$name --help' for more information."
	shift
	expect 16 "$@" &&
		[[ -z $output && $stderr == "$name: "*"$word"*$'\n'"$hint" ]] &&
		[[ $stderr != *$'\n'*$'\n'* ]]
}

# What may not change of a file: content, size, owner, mode, times (but atime).
state_of() {
	b2sum "$@"
	stat --format='%n %i %s %u:%g %a %y %z' "$@"
}

# untouched FILE COMMAND...: whatever the command returns, FILE is as it was.
untouched() {
	local file=$1 before
	shift
	before=$(state_of "$file")
	run --separate-stderr "$@"
	[[ $(state_of "$file") == "$before" ]] && return
	echo "$file was changed by: $*"
	return 1
}

# The command without root's power to open everything.
unprivileged() {
	if ((EUID == 0)); then
		setpriv --bounding-set=-all --inh-caps=-all "$@"
	else
		"$@"
	fi
}

# Skip if file modes do not keep even that one out.
need_file_modes() {
	local file=$BATS_TEST_TMPDIR/modes
	: >"$file"
	chmod 000 "$file"
	unprivileged true || skip "no way to give up root's capabilities"
	if unprivileged cat "$file" 2>/dev/null; then
		skip "file modes do not count here"
	fi
}

# AddressSanitizer reserves terabytes of addresses and cannot be traced.
need_no_sanitizer() {
	[[ ${SAN:-} != *address* ]] || skip "not with the address sanitizer"
}

# eventually COMMAND...: wait until it succeeds; 20 seconds mean never.
eventually() {
	local i
	for ((i = 0; i < 400; i++)); do
		if "$@"; then
			return 0
		fi
		sleep 0.05
	done
	echo "never came true: $*"
	return 1
}

# Does process PID catch signal number NUMBER?
catches() {
	local mask
	mask=$(sed -n 's/^SigCgt:[[:space:]]*/0x/p' "/proc/$1/status")
	((mask >> ($2 - 1) & 1))
}

# Is process PID gone, or a zombie that nobody has waited for yet?
is_over() {
	! grep -qs '^State:.[^Z]' "/proc/$1/status"
}

# The background process PID must come to an end, with STATUS.
ended() { # STATUS PID
	local rc=0
	eventually is_over "$2"
	wait "$2" || rc=$?
	((rc == $1)) && return
	echo "the process ended with status $rc, not $1"
	return 1
}

# A valid store without exceptions, which the kernel would use again.
is_empty_store() {
	expect 0 psnap_check --all-areas "$1"
	[[ $output == *'state:   empty'* ]]
	[[ $output == *'table:   0 exceptions in 0 runs, last area 0'* ]]
	[[ $output == *'valid 1, '* ]]
}

# schema check|convert|diff|dump|merge|repair|undo|ndjson: the schema in
# psnap-json(5) as JSON.
schema() {
	sed -n "/^\\.\\\\\" BEGIN SCHEMA $1\$/,/^\\.\\\\\" END SCHEMA $1\$/p" \
		"$TESTS/../man/psnap-json.5" |
		sed -e '/^\./d' -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" -e 's/\\e/\\/g'
}

# fits KIND FILE...: each document in the files follows the schema; KIND as in
# schema. There must be one, and jq must have been able to parse all.
fits() {
	local kind=$1 file wrong
	shift
	[[ -s $BATS_TEST_TMPDIR/$kind.schema ]] ||
		schema "$kind" >"$BATS_TEST_TMPDIR/$kind.schema"
	for file in "$@"; do
		[[ -s $file ]] || return 1
		wrong=$(jq -r -L "$TESTS/cli" \
			--slurpfile schema "$BATS_TEST_TMPDIR/$kind.schema" \
			'include "schema"; schema_errors($schema[0])' "$file") ||
			return 1
		if [[ -n $wrong ]]; then
			echo "$file: ${wrong:0:2000}"
			return 1
		fi
	done
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
