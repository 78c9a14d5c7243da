#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What psnap check says and what each of its options does. Which damage leads
# to which finding is for the golden cases; here a few stand for all.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

IDS=(magic-zero magic-bad version-unknown chunk-size-bad snapshot-invalid
	valid-odd header-tail-nonzero device-tail-partial store-truncated
	area-missing-successor area-implausible new-chunk-out-of-range
	new-chunk-huge new-chunk-in-metadata cve-2013-4299-imminent
	old-chunk-out-of-range duplicate-old duplicate-new
	entries-after-terminator read-error holes out-of-order stale-areas
	store-full)

# Three entries share chunk 2, two of them origin chunk 1.
damaged_store() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' 'exc 1 2' |
		store "$1"
}

# field FILTER: of the JSON document in $output.
field() {
	jq -rc "$1" <<<"$output"
}

# --- the report -------------------------------------------------------------

@test "a sound store has a summary and nothing else" {
	sound_store store
	silent 0 psnap_check store
	diff - <(printf '%s\n' "$output") <<-'END'
		store:   store, 16777216 bytes
		header:  valid 1, version 1, chunk size 8 sectors (4096 bytes)
		table:   5 exceptions in 2 runs, last area 0
		status:  56/32768 16
		state:   active
		kernel:  loads
		merge:   safe
	END
}

@test "of a store that a kernel made the report has the kernel's numbers" {
	corpus use-4k .
	# 1240 sectors less header and area, 8 to a chunk, no holes: 153.
	silent 0 psnap_check use-4k.cow use-4k.origin
	[[ $output == *'header:  valid 1, version 1, chunk size 8 sectors'* ]]
	[[ $output == *'table:   153 exceptions in '*' runs, last area 0'* ]]
	[[ $output == *'status:  1240/32768 16'* ]]
	[[ $output == *$'state:   active\nkernel:  loads\nmerge:   safe' ]]
}

@test "a finding is a line with severity, id, place and text, then a blank" {
	printf '%s\n' 'chunk 4K' 'size 4M' 'exc 0 2' 'set 0 1 1 258' \
		'set 0 2 2 3' | store store
	silent 4 psnap_check store
	[[ $output == *'error new-chunk-in-metadata: byte 4112, area 0 entry 1: new chunk 258 is '* ]]
	[[ $output == *$'\n\nstore:   store, 4194304 bytes\n'* ]]
	# No line but these begins so.
	run grep -cE '^(note|warning|error|fatal) ' <<<"$output"
	local findings=$output
	expect 4 psnap_check --output=json store
	[[ $(field '.findings | length') == "$findings" ]]
}

@test "a finding in the origin says so" {
	truncate --size=8K origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 7 3' | store store
	silent 0 psnap_check store
	silent 4 psnap_check store origin
	[[ $output == *'error old-chunk-out-of-range: '* ]]
	silent 4 psnap_check --output=json store origin
	[[ $(field .origin.name) == origin ]]
	[[ $(field .origin.size_bytes) == 8192 ]]
	[[ $(field '.counts["old-chunk-out-of-range"]') == 1 ]]
}

@test "an invalid store has a status of Invalid, and keeps its numbers" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'header valid=0' 'exc 0 2 3' |
		store store
	silent 4 psnap_check store
	[[ $output == *$'\nstatus:  Invalid\nstate:   invalid\n'* ]]
	expect 4 psnap_check --output=json store
	[[ $(field .usage.status) == Invalid ]]
	[[ $(field .usage.allocated_sectors) == 40 ]]
	[[ $(field .verdict.safe_to_merge) == false ]]
}

@test "DO NOT ACTIVATE is the last line for a store that would be formatted" {
	printf '%s\n' 'chunk 4K' 'size 1M' noheader 'exc 0 2' | store store
	silent 4 psnap_check store
	[[ ${lines[-1]} == 'DO NOT ACTIVATE: the kernel would take this for a new snapshot and overwrite it' ]]
	[[ $output == *$'kernel:  formats\n'* ]]
	expect 4 psnap_check --output=json store
	[[ $(field .verdict.do_not_activate) == true ]]
	[[ $(field .verdict.kernel) == formats ]]
	silent 4 psnap_check --chunk-size=4K store
	[[ ${lines[-1]} == 'DO NOT ACTIVATE: '* ]]
}

@test "a blank device may be activated: nothing is lost" {
	truncate --size=1M store
	silent 0 psnap_check store
	[[ $output != *'DO NOT ACTIVATE'* ]]
	[[ $output == *$'state:   blank\nkernel:  formats\n'* ]]
	silent 0 psnap_check --output=json store
	[[ $(field .verdict.do_not_activate) == false ]]
}

# verdict STATUS STATE KERNEL SAFE <RECIPE, with an id that must be found
# behind.
verdict() {
	store store
	expect "$1" psnap_check --output=json store
	printf '%s\n' "$output" >doc
	fits check doc
	[[ $(field .verdict.exit_status) == "$1" ]]
	[[ $(field .verdict.state) == "$2" ]]
	[[ $(field .verdict.kernel) == "$3" ]]
	[[ $(field .verdict.safe_to_merge) == "$4" ]]
	[[ -z ${5:-} || $(field ".counts[\"$5\"]") -ge 1 ]]
	# The three forms tell the same.
	expect "$1" psnap_check --output=ndjson store
	printf '%s\n' "$output" >lines
	fits ndjson lines
	jq -sS '(.[0] + .[-1] | del(.type))
		+ { findings: [.[1:-1][] | del(.type)] }' lines >joined
	jq -S . doc | diff - joined
	expect "$1" psnap_check store
	[[ $output == *"state:   $2"$'\n'"kernel:  $3"$'\n'merge:* ]]
	expect "$1" psnap_check -q store
	[[ -z $output ]]
}

@test "documents about sound stores fit the schema and tell the verdict" {
	verdict 0 active loads true <<<$'chunk 4K\nsize 1M\nexc 0 2 9'
	verdict 0 empty loads true <<<$'chunk 4K\nsize 1M'
	verdict 0 blank formats false <<<$'chunk 4K\nsize 1M\nnoheader'
	verdict 0 active loads true valid-odd \
		<<<$'chunk 4K\nsize 1M\nheader valid=7\nexc 0 2'
	verdict 0 active loads true device-tail-partial \
		<<<$'chunk 4K\nsize 1025K\nexc 0 2'
	verdict 0 active loads true stale-areas \
		<<<$'chunk 512\nsize 1M\nexc 0 2 9\nset 3 0 7 8'
	verdict 0 active loads true holes <<<$'chunk 4K\nsize 1M\nexc 0 9'
	verdict 0 active loads true out-of-order \
		<<<$'chunk 4K\nsize 1M\nexc 0 3\nexc 1 2'
	verdict 0 active loads true store-full <<<$'chunk 512\nexc 0 2 31'
	verdict 0 active loads true cve-2013-4299-imminent \
		<<<$'chunk 512\nsize 1M\nexc 0 2 32'
}

@test "documents about damaged stores fit the schema and tell the verdict" {
	verdict 4 not-a-store refuses false magic-bad \
		<<<$'chunk 4K\nsize 1M\nrandom 0 1M 1'
	verdict 4 damaged refuses false version-unknown \
		<<<$'chunk 4K\nsize 1M\nheader version=2\nexc 0 2'
	verdict 4 damaged refuses false chunk-size-bad \
		<<<$'chunk 4K\nsize 1M\nheader chunk=7\nexc 0 2'
	verdict 4 damaged formats false magic-zero \
		<<<$'chunk 4K\nsize 1M\nheader magic=0\nexc 0 2'
	verdict 4 invalid loads false snapshot-invalid \
		<<<$'chunk 4K\nsize 1M\nheader valid=0\nexc 0 2'
	verdict 4 damaged loads false duplicate-old \
		<<<$'chunk 4K\nsize 1M\nexc 0 2\nexc 0 3'
	verdict 4 damaged loads false duplicate-new \
		<<<$'chunk 4K\nsize 1M\nexc 0 2\nexc 1 2'
	verdict 4 damaged loads false new-chunk-out-of-range \
		<<<$'chunk 4K\nsize 1M\nexc 0 2\nexc 1 9999'
	verdict 4 damaged loads false store-truncated \
		<<<$'chunk 4K\nsize 1M\nexc 0 2 200\ntruncate 400K'
	verdict 4 damaged loads false new-chunk-huge \
		<<<$'chunk 4K\nsize 1M\nset 0 0 0 0xffffffffffffffff'
	verdict 4 damaged loads false new-chunk-huge \
		<<<$'chunk 4K\nsize 1M\nset 0 0 0 0x100000000000000'
	verdict 4 damaged loads false new-chunk-in-metadata \
		<<<$'chunk 4K\nsize 1M\nset 0 0 0 1'
	verdict 4 damaged refuses false area-missing-successor \
		<<<$'chunk 512\nexc 0 2 32\ntruncate 17408'
	verdict 4 active loads true entries-after-terminator \
		<<<$'chunk 4K\nsize 1M\nexc 0 2\nset 0 9 9 9'
}

@test "documents about the corpus fit the schema, with the kernel's numbers" {
	local numbers merged
	while read -r case; do
		corpus "$case" .
		run --separate-stderr psnap_check --output=json "$case.cow" \
			"$case.origin"
		[[ $status == [04] && -z $stderr ]]
		printf '%s\n' "$output" >doc
		fits check doc
		numbers=$(sed -n 's/^kernel-status .* snapshot //p' \
			"$TESTS/corpus/$case/expected")
		echo "$case: $numbers"
		[[ -n $numbers && $(field .usage.status) == "$numbers" ]]
		# What the kernel merged to the end was safe to merge.
		merged=$(sed -n 's/^merge-status .* snapshot-merge //p' \
			"$TESTS/corpus/$case/expected" | tail -n 1)
		[[ $merged == Invalid ]] ||
			[[ $(field .verdict.safe_to_merge) == true ]]
		rm "$case.cow" "$case.origin"
	done < <(corpus_cases)
	[[ -n $case || -s doc ]]
}

# --- options ----------------------------------------------------------------

@test "--header-only judges the header alone" {
	damaged_store store
	silent 0 psnap_check --header-only store
	[[ $output != *duplicate* && $output != *table:* ]]
	[[ $output != *status:* ]]
	silent 0 psnap_check --header-only --output=json store
	printf '%s\n' "$output" >doc
	fits check doc
	[[ $(field .table) == null && $(field .usage) == null ]]
	[[ $(field .geometry.chunk_size_bytes) == 4096 ]]
	printf '%s\n' 'chunk 4K' 'size 1M' 'header version=3' 'exc 0 2' |
		store store
	silent 4 psnap_check --header-only store
	[[ $output == 'fatal version-unknown: '* ]]
}

# data_read N OPTION... : so many bytes of data are read.
data_read() {
	expect 0 psnap_check --output=json "${@:2}"
	[[ $(field .data_bytes_read) == "$1" ]]
}

@test "--data reads every chunk of data, and nothing is read without it" {
	sound_store store
	data_read 0 store
	data_read 20480 --data store
	for chunk in 512 64K 1M; do
		printf '%s\n' "chunk $chunk" 'size 100M' 'exc 5 2' 'exc 9 7 3' |
			store store
		data_read $((4 * $(numfmt --from=iec "$chunk"))) --data store
	done
	silent 0 psnap_check --data store
	[[ $output == *$'state:   active\n'* ]]
}

@test "--data with ORIGIN reads the chunks of the origin too, up to its end" {
	truncate --size=128K origin
	sound_store store
	data_read 0 store origin
	data_read 40960 --data store origin
	# The last chunk of the origin is a part of one: 3 sectors.
	truncate --size=$((19 * 4096 + 1536)) origin
	data_read $((20480 + 4 * 4096 + 1536)) --data store origin
}

@test "--data reads data that is not sparse too, and damages nothing by it" {
	printf '%s\n' 'chunk 64K' 'size 16M' 'scatter 200 1000 3 4' \
		'data pattern' | store store
	state_of store >before
	data_read $((200 * 65536)) --data store
	state_of store | diff before -
}

@test "--data leaves out chunks that are not there" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 9999' \
		'set 0 2 2 0xffffffffffffffff' 'set 0 3 9 1' | store store
	expect 4 psnap_check --data --output=json store
	[[ $(field .data_bytes_read) -le 8192 ]]
	[[ $(field '.counts["read-error"]') == null ]]
}

@test "stale areas are looked for in 256 areas, with --all-areas to the end" {
	for area in 256 257 400; do
		printf '%s\n' 'chunk 512' 'size 8M' 'exc 0 2' \
			"set $area 0 7 5" | store "stale-$area"
	done
	silent 0 psnap_check stale-256
	[[ $output == 'note stale-areas: '* ]]
	for area in 257 400; do
		silent 0 psnap_check "stale-$area"
		[[ $output != *stale-areas* ]]
		silent 0 psnap_check --all-areas "stale-$area"
		[[ $output == 'note stale-areas: '* ]]
	done
}

@test "--quiet prints nothing and tells by the status" {
	sound_store store
	damaged_store damaged
	for option in -q --quiet; do
		silent 0 psnap_check "$option" store
		[[ -z $output ]]
		silent 4 psnap_check "$option" damaged
		[[ -z $output ]]
		silent 4 psnap_check "$option" --output=json damaged
		[[ -z $output ]]
		# Not even then is a failure kept quiet.
		complains 8 'psnap-check: missing: ' psnap_check "$option" missing
	done
}

@test "--ignore takes ids out of the report and of the status" {
	damaged_store store
	silent 4 psnap_check --ignore=duplicate-old store
	[[ $output != *duplicate-old* && $output == *duplicate-new* ]]
	silent 0 psnap_check --ignore=duplicate-old,duplicate-new store
	[[ $output != *duplicate* ]]
	silent 0 psnap_check --ignore duplicate-old --ignore duplicate-new store
	[[ $output != *duplicate* ]]
	# Also of those that are not shown one by one.
	silent 0 psnap_check --ignore=duplicate-old,duplicate-new \
		--max-findings=1 store
	[[ $output != *duplicate* && $output != *more* ]]
}

@test "--ignore does not change the verdict" {
	damaged_store store
	silent 0 psnap_check --ignore=duplicate-old,duplicate-new store
	[[ $output == *$'state:   damaged\nkernel:  loads\nmerge:   not safe' ]]
	silent 0 psnap_check --ignore=duplicate-old,duplicate-new \
		--output=json store
	[[ $(field .verdict.worst_severity) == error ]]
	[[ $(field .verdict.exit_status) == 0 ]]
	[[ $(field '.counts["duplicate-old"]') == null ]]
	[[ $(field .verdict.safe_to_merge) == false ]]
	printf '%s\n' 'chunk 4K' 'size 1M' noheader 'exc 0 2' | store store
	expect 0 psnap_check --ignore=magic-zero store
	[[ ${lines[-1]} == 'DO NOT ACTIVATE: '* ]]
}

@test "--ignore of an id that does not exist points to the list of ids" {
	name=psnap-check
	sound_store store
	for ids in nonsense holes,nonsense nonsense,holes 'nonsense '; do
		refused nonsense "$PSNAP" check --ignore="$ids" store
		[[ $stderr == *--ignore*'--explain all'* ]]
	done
	for ids in '' ',' 'holes,' ',holes' 'holes,,stale-areas' ' holes' \
		HOLES all; do
		refused --ignore "$PSNAP" check --ignore="$ids" store
	done
	for id in "${IDS[@]}"; do
		silent 0 psnap_check --ignore="$id" store
	done
}

@test "--max-findings limits what is shown of each id, not what is counted" {
	# 30 entries for chunk 2: 29 too many.
	{
		printf '%s\n' 'chunk 4K' 'size 1M'
		seq 0 29 | awk '{ print "exc", $1, 2 }'
	} | store store
	local total shown
	expect 4 psnap_check --output=json --max-findings=1000 store
	total=$(field '.counts["duplicate-new"]')
	((total >= 29))
	for limit in 0 1 7 0x10 20; do
		expect 4 psnap_check --max-findings="$limit" store
		shown=$(grep -c '^error duplicate-new: .*chunk' <<<"$output") ||
			true
		((shown == limit))
		grep -x "error duplicate-new: and $((total - limit)) more" \
			<<<"$output"
		expect 4 psnap_check --max-findings="$limit" --output=json store
		printf '%s\n' "$output" >doc
		fits check doc
		[[ $(field '[.findings[] | select(.id == "duplicate-new")]
			| length') -eq limit ]]
		[[ $(field '.counts["duplicate-new"]') == "$total" ]]
	done
	# 20 is what holds without the option.
	wanted=$(psnap_check --max-findings=20 store) || true
	expect 4 psnap_check store
	[[ $output == "$wanted" ]]
	expect 4 psnap_check --max-findings=18446744073709551615 store
	[[ $output != *' more'* ]]
}

@test "--explain explains each finding, in lines that fit a terminal" {
	for id in "${IDS[@]}"; do
		silent 0 psnap_check --explain "$id"
		[[ ${lines[0]} =~ ^"$id ("(note|warning|error|fatal)"): ". ]]
		[[ $(wc -L <<<"$output") -le 80 ]]
		# Means, arises, kernel, what to do.
		((${#lines[@]} >= 9))
	done
}

@test "--explain all explains exactly the ids that there are" {
	silent 0 psnap_check --explain=all
	grep -oE '^[a-z0-9-]+ \((note|warning|error|fatal)\)' <<<"$output" |
		cut -d ' ' -f 1 | sort >explained
	printf '%s\n' "${IDS[@]}" | sort | diff explained -
	# The manual has the same.
	sed -n '/^\.SH FINDINGS/,/^\.SH VERDICT/p' "$TESTS/../man/psnap-check.8" |
		sed 's/\\-/-/g' >manual
	for id in "${IDS[@]}"; do
		grep -qw -e "$id" manual
	done
}

@test "--explain of an id that does not exist points to the list of ids" {
	name=psnap-check
	for id in nonsense '' holes,stale-areas HOLES; do
		refused --explain "$PSNAP" check --explain="$id"
		[[ $stderr == *'--explain all'* ]]
	done
}

@test "--chunk-size takes the place of a header that is lost" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 9' | store store
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 9' 'fill 0 512 0x41' |
		store lost
	for size in 4096 4K 8s 0x1000; do
		silent 0 psnap_check --chunk-size="$size" store
		[[ $output == *'table:   9 exceptions in 1 run, last area 0'* ]]
		silent 4 psnap_check --chunk-size="$size" lost
		[[ $output == *'table:   9 exceptions in 1 run, last area 0'* ]]
		[[ $output == *$'\nmerge:   not safe' ]]
	done
	silent 4 psnap_check lost
	[[ $output != *table:* ]]
	expect 4 psnap_check --chunk-size=4K --output=json lost
	[[ $(field .geometry.chunk_size_sectors) == 8 ]]
	printf '%s\n' "$output" >doc
	fits check doc
}

@test "ORIGIN is opened as strictly as STORE" {
	sound_store store
	complains 8 'psnap-check: missing: ' psnap_check store missing
	complains 8 'psnap-check: .: ' psnap_check store .
	[[ -z $output ]]
	mkfifo fifo
	complains 8 'psnap-check: fifo: ' timeout 20 "$PSNAP" check store fifo
	truncate --size=0 empty
	# All exceptions are beyond the end of it.
	expect 4 psnap_check store empty
	[[ $output == *old-chunk-out-of-range* ]]
}

@test "STORE is not taken for its own ORIGIN" {
	name=psnap-check
	sound_store store
	ln store hard
	ln -s store soft
	for origin in store ./store hard soft; do
		refused "$origin" "$PSNAP" check store "$origin"
	done
}

# --- signals and progress ---------------------------------------------------

# 60 GB of data, in a file that takes a few chunks: minutes to read.
long_store() {
	printf '%s\n' 'chunk 1M' 'exc 0 2 60000' | store "$1"
	[[ $(du -k "$1" | cut -f 1) -lt 10000 ]]
}

# A shell has background jobs ignore SIGINT, and psnap respects that.
start_check() {
	: >err
	env --default-signal=INT "$PSNAP" check "$@" >out 2>err &
	pid=$!
}

@test "SIGINT and SIGTERM end a long check with status 32 and one line" {
	long_store store
	for signal in INT TERM; do
		start_check --data --progress=none store
		eventually catches "$pid" "$(kill -l "$signal")"
		kill -s "$signal" "$pid"
		ended 32 "$pid"
		[[ $(<err) == 'psnap-check: store: interrupted; nothing was changed, run the same command again' ]]
	done
}

@test "a check that ignores SIGINT, as under nohup, goes on" {
	long_store store
	env --ignore-signal=INT "$PSNAP" check --data --progress=json store \
		>out 2>err &
	pid=$!
	eventually test -s err
	kill -s INT "$pid"
	sleep 0.2
	kill -s TERM "$pid"
	ended 32 "$pid"
}

@test "an interrupted document is not a whole one" {
	long_store store
	start_check --data --output=json --progress=none store
	eventually catches "$pid" 2
	kill -s INT "$pid"
	ended 32 "$pid"
	run jq . out
	((status != 0)) || [[ ! -s out ]]
	start_check --data --output=ndjson --progress=none store
	eventually catches "$pid" 2
	kill -s INT "$pid"
	ended 32 "$pid"
	run grep -c '"type":"verdict"' out
	[[ $output == 0 ]]
}

@test "SIGUSR1 prints one line of progress each time, and the check goes on" {
	long_store store
	for when in none json; do
		start_check --data --progress="$when" store
		eventually catches "$pid" "$(kill -l USR1)"
		kill -s USR1 "$pid"
		eventually grep -q '^psnap-check: ' err
		kill -s USR1 "$pid"
		eventually two_lines
		kill -s TERM "$pid"
		ended 32 "$pid"
		grep '^psnap-check: ' err >said
		[[ $(wc -l <said) -eq 3 ]]
		head -n 2 said | grep -cE '[0-9]+ bytes' | grep -x 2
		[[ $when == json ]] || diff said err
	done
}

two_lines() {
	[[ $(grep -c '^psnap-check: ' err) -eq 2 ]]
}

@test "--progress=json writes lines that are JSON and go forward" {
	long_store store
	start_check --data --progress=json store
	eventually three_lines
	kill -s TERM "$pid"
	ended 32 "$pid"
	grep '^{' err >progress
	[[ $(grep -vc '^{' err) -eq 1 ]]
	jq -se 'length >= 3
		and all(.[]; keys == ["progress"])
		and all(.[].progress; keys == ["done_bytes", "total_bytes"])
		and all(.[].progress; .done_bytes <= .total_bytes)
		and ([.[].progress | select(.total_bytes == .total_bytes)
			| .done_bytes] | length) >= 3' progress
	# Within the data, which comes last, it never goes back.
	jq -se '[.[].progress] | .[-1].total_bytes as $total
		| [.[] | select(.total_bytes == $total) | .done_bytes]
		| . == sort' progress
	# Only the report goes to standard output.
	run ! grep -q progress out
}

three_lines() {
	[[ $(grep -c '^{' err) -ge 3 ]]
}

@test "the bar is for terminals, or for who asks for it" {
	long_store store
	start_check --data store
	eventually catches "$pid" 15
	sleep 1.5
	kill -s TERM "$pid"
	ended 32 "$pid"
	[[ $(<err) == 'psnap-check: store: interrupted'* ]]
	start_check --data --progress=bar store
	eventually test -s err
	kill -s TERM "$pid"
	ended 32 "$pid"
	grep -q $'\r' err
	# The message has a line of its own.
	[[ $(tail -n 1 err) == *$'\e[K'*'psnap-check: store: interrupted'* ]]
}

# --- size -------------------------------------------------------------------

# within KIB COMMAND...: with no more address space than that.
within() {
	local limit=$1
	shift
	(
		ulimit -v "$limit"
		"$@" 2>&1
	)
}

@test "memory is bounded by 16 bytes an exception and 64 MiB" {
	need_no_sanitizer
	for count in 100000 3000000; do
		printf '%s\n' 'chunk 4K' "scatter $count 100000000 1" |
			store store
		expect 0 within $((65536 + count * 16 / 1024)) \
			psnap_check --output=json store
		[[ $(field .table.exceptions) == "$count" ]]
		rm store
	done
}

@test "numbers in a store do not choose how much memory is taken" {
	need_no_sanitizer
	for exc in 'set 0 0 0xffffffffffffffff 2' 'set 0 0 0 0xfffffffffffffff' \
		'set 0 0 0xfffffffffffff 0xffffffffffff' \
		'header chunk=0x80000000' 'header chunk=0x200000'; do
		printf '%s\n' 'chunk 512' 'size 1M' "$exc" 'set 0 1 5 3' |
			store store
		run within 65536 timeout 20 "$PSNAP" check store
		echo "$exc: $status $output"
		[[ $status == [04] ]]
	done
}

@test "the largest store that there can be is read to its last chunk" {
	# 2^63 - 512 bytes, on the only kind of file system that has them.
	dir=$(mktemp -d -p /dev/shm) || skip "no /dev/shm"
	cd "$dir" || return 1
	truncate --size=9223372036854775296 store ||
		skip "no files of 2^63 bytes in /dev/shm"
	printf '%s\n' 'chunk 4K' 'size 9223372036854775296' 'exc 0 2 255' \
		'exc 1000 2251799813685246' | store store
	truncate --size=1G origin
	expect 0 timeout 60 "$PSNAP" check --all-areas --data --output=json \
		store origin
	[[ $(field .store.size_bytes) == 9223372036854776000 ]]
	[[ $(field .data_bytes_read) == $((512 * 4096)) ]]
	[[ $output == *'"status":"18014398509481976/18014398509481983 24"'* ]]
	[[ $output == *'"size_bytes":9223372036854775296'* ]]
	# Nothing fits any more, and it is no damage.
	[[ $(field '.counts["store-full"]') == 1 ]]
	[[ $(field .verdict.safe_to_merge) == true ]]
}

teardown() {
	[[ -z ${pid:-} ]] || kill "$pid" 2>/dev/null || true
	cd /
	[[ ${dir:-} != /dev/shm/* ]] || rm -r "$dir"
}
