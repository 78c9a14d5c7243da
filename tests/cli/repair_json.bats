#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What psnap repair leaves for scripts and examiners: the JSON document, its
# schema, and the log of every write.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031,SC2016
bats_require_minimum_version 1.5.0
load helpers
load repair

# json FILE STATUS ARGUMENT...: the document goes to FILE.
json() {
	local file=$1 status=$2
	shift 2
	silent "$status" psnap_repair --output=json "$@"
	printf '%s\n' "$output" >"$file"
	fits repair "$file"
	jq -e --argjson status "$status" '.exit_status == $status' "$file"
}

@test "the documents follow their schema, and their numbers are right" {
	damaged store
	json plan 4 store
	jq -e '.mode == "plan" and (.done | not) and .new_file == null
		and .undo == null and .log == null and .carvings == null
		and .grow_to_bytes == null and .from == null and .origin == null
		and .store == {name: "store", size_bytes: 1048576}' plan
	jq -e '.plan | .chunk_size_bytes == 4096 and (.inferred | not)
		and .candidates == [] and .exceptions == 5
		and .lost == {exceptions: 1, bytes: 4096}
		and .regained == {exceptions: 0, bytes: 0}
		and [.steps[] | {id, class, chosen, dropped}] == [
			{id: "new-chunk-out-of-range", class: "lossy",
				chosen: true, dropped: 1},
			{id: "duplicate-same", class: "safe",
				chosen: true, dropped: 1}]
		and .before.verdict.state == "damaged" and .before.exceptions == 7
		and .after.verdict.safe_to_merge and .after.exceptions == 5' plan
	jq -e '.plan.dropped | sort_by(.entry) == [
		{id: "duplicate-same", old_chunk: 0, new_chunk: 2, chunks: 1,
			area: 0, entry: 5},
		{id: "new-chunk-out-of-range", old_chunk: 40, new_chunk: 9000,
			chunks: 1, area: 0, entry: 6}]' plan
	psnap_check --output=json store >check || true
	jq -es '.[0].plan.findings == .[1].findings
		and .[0].plan.before.verdict == .[1].verdict' plan check
	json copy 1 -y -o new --log=log store
	jq -e '.mode == "copy" and .done and .log == "log"
		and .new_file == {file: "new", size_bytes: 1048576}' copy
	json place 5 -p --undo=undo store
	jq -e --argjson size "$(stat -c %s undo)" '.mode == "in-place" and .done
		and .undo == {file: "undo", size_bytes: $size}
		and [.plan.steps[] | .chosen] == [false, true]' place
	# The verdict afterwards is what a check says then.
	psnap_check --output=json store >check || true
	jq -es '.[0].plan.after.verdict == .[1].verdict
		and .[0].plan.after.exceptions == .[1].table.exceptions' \
		place check
}

@test "documents of every kind follow their schema" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 7 2' 'zero 0 4096' |
		store unknown
	json unknown.json 4 unknown
	jq -e '.plan | .needs_chunk_size and .chunk_size_bytes == null
		and (.candidates | length) > 0
		and .candidates[0].chunk_size_bytes == 4096' unknown.json
	printf '%s\n' 'chunk 4K' 'size 4M' 'exc 0 2 256' 'exc 300 259 20' \
		'data pattern' 'zero area:0 4096' | store reset
	json carve.json 0 --carve reset
	jq -e '[.carvings[] | select(.area == 1)][0]
		| .entry == 0 and .exceptions == 20 and .conflicts_old == 0
		and .data_zero == 0 and .data_looked_at == 20' carve.json
	overflowed small
	json grow.json 4 --grow=128K small
	jq -e '.grow_to_bytes == 131072 and .store.size_bytes == 65536' grow.json
	head -c 1M /dev/urandom >origin
	json origin.json 4 small origin
	jq -e '.origin == {name: "origin", size_bytes: 1048576}' origin.json
	sound_store sound
	json sound.json 0 sound
	jq -e '.plan.steps == [] and .plan.findings == []' sound.json
	psnap_dump --output=ndjson -o dump sound
	dd if=/dev/zero of=sound bs=8K count=1 conv=notrunc status=none
	json from.json 4 --from=dump sound
	jq -e '.plan == null and .from.file == "dump" and .from.needed
		and .from.exceptions == 5 and (.from.written | not)' from.json
	json from.json 1 --from=dump -y --no-undo sound
	jq -e '.done and .from.written' from.json
	is_clean sound 5
}

@test "a value of another type, or a key that is absent, does not fit" {
	local kind
	damaged store
	json plan 4 store
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 7 2' 'zero 0 4096' |
		store unknown
	json unknown.json 4 unknown
	json copy 1 -y -o new --log=log store
	for kind in plan unknown.json copy; do
		jq -r -L "$TESTS/cli" --slurpfile schema repair.schema '
			include "schema"; . as $doc | paths | . as $path
			| ($doc | setpath($path; [[false]])),
			($doc | select($path[-1] | type == "string")
				| delpaths([$path]))
			| select([schema_errors($schema[0])] == [])
			| $path' $kind >survivors
		[[ ! -s survivors ]]
	done
}

@test "the schema uses keywords that the validator knows" {
	schema repair >repair.json
	jq -e . repair.json
	# Each part by itself, as a document may leave out what leads to it.
	jq -n -L "$TESTS/cli" --slurpfile root repair.json '
		include "schema";
		def inside:
			objects
			| ., ((.properties, .definitions | objects | .[]),
				(.allOf, .anyOf, .oneOf | arrays | .[]),
				.items, .not, .additionalProperties,
				.propertyNames | inside);
		$root[0] | inside | . as $sub | ({}, [], "", 0, null)
		| [schema_errors($sub; $root[0]; "")]' >/dev/null
}

@test "at most 1000 runs of exceptions that go are listed, and all counted" {
	{
		printf '%s\n' 'chunk 64K' 'size 512M' 'exc 0 2 2800'
		seq 0 1 1199 | awk '{ print "exc", 4000 + 2 * $1, 90000 + $1 }'
	} | store store
	json plan 4 store
	jq -e '.plan | (.dropped | length) == 1000 and .dropped_truncated
		and .lost.exceptions == 1200' plan
	silent 4 psnap_repair store
	[[ $output == *'would drop  and 1100 more exceptions'* ]]
}

# --- the log ----------------------------------------------------------------

crc_of() { # FILE OFFSET LENGTH
	dd if="$1" iflag=skip_bytes,count_bytes skip="$2" count="$3" \
		status=none | gzip -c | tail -c 8 | od -An -t u4 -N 4 | tr -d ' '
}

# The log says truly what became of before.
log_is_true() { # LOG BEFORE AFTER
	local offset length old new
	cp "$2" replayed
	while read -r offset length old new; do
		[[ $(crc_of replayed "$offset" "$length") == "$old" ]]
		dd if="$3" of=replayed iflag=skip_bytes,count_bytes \
			oflag=seek_bytes skip="$offset" seek="$offset" \
			count="$length" conv=notrunc status=none
		LAST_NEW=$new
	done < <(jq -r 'select(.action == "write") | [.offset_bytes,
		.length_bytes, .old_crc32, .new_crc32] | @tsv' "$1")
	cmp replayed "$3"
	[[ -n $LAST_NEW ]]
}

@test "the log has a line for every write, with what was there before" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 3' 'exc 0 2' \
		'data pattern' | store store
	cp store before
	silent 1 psnap_repair -y --no-undo --log=log store
	[[ $output == *$'\nlog         log' ]]
	jq -es 'length > 0 and all(.[]; .action == "write" and .file == "store"
		and (.time | test("^[0-9-]{10}T[0-9:]{8}[.][0-9]{6}Z$"))
		and .length_bytes > 0)' log
	# The exception that goes is in it, as the bytes that stood there.
	jq -es 'any(.[]; .offset_bytes <= 4144
		and .offset_bytes + .length_bytes > 4144)' log
	log_is_true log before store
	for line in old new; do
		jq -es --arg key $line 'all(.[]; if .length_bytes <= 64
			then (.[$key] | length) == .length_bytes * 2
			else .[$key] == null end)' log
	done
}

@test "a log of a copy is about the copy, and long writes have checksums only" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2 100' 'exc 0 2 100' \
		'hex 16 ff' 'hex 4000 ff' 'data pattern' | store store
	silent 1 psnap_repair -y -o new --log=log store
	is_clean new 100
	jq -es 'all(.[]; .file == "new")' log
	jq -es 'any(.[]; .length_bytes > 64 and .old == null and .new == null)' log
	log_is_true log store new
}

@test "a log is continued, behind a line that was cut too" {
	local count
	damaged store
	printf '{"time":"2026' >log
	silent 1 psnap_repair -y -o one --log=log store
	count=$(wc -l <log)
	((count >= 2))
	tail -n +2 log | jq -es 'length > 0'
	silent 1 psnap_repair -y -o two --log=log store
	tail -n +"$((count + 1))" log | jq -es 'length > 0 and
		all(.[]; .file == "two")'
}

@test "without a write there is no log" {
	damaged store
	silent 4 psnap_repair -n -y -o new --log=log store
	sound_store sound
	silent 0 psnap_repair -y --no-undo --log=log sound
	[[ ! -e log ]]
}

@test "what cannot be noted is not written" {
	damaged store
	# In a pipe, because files have no room.
	cp store before
	run -8 bash -c 'ulimit -f 0; trap "" XFSZ; exec "$@"' _ \
		"$PSNAP" repair -q -y --no-undo --log=log store
	[[ $output == *'psnap-repair: log: '*'what cannot be noted is not written'* ]]
	cmp store before
	[[ ! -s log ]]
}
