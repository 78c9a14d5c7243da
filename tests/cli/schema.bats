#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The validator that the other tests believe in (schema.jq), and the schemas
# in psnap-json(5): right documents pass, and every wrong one that can be made
# of a right one by one change does not.

# shellcheck disable=SC2154,SC2016 # run sets stderr and status; $ of jq
bats_require_minimum_version 1.5.0
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# schema_says yes|no SCHEMA DOCUMENT
schema_says() {
	local errors
	errors=$(jq -rn -L "$BATS_TEST_DIRNAME" --argjson schema "$2" \
		--argjson doc "$3" \
		'include "schema"; $doc | schema_errors($schema)')
	echo "$2 $3: ${errors:-valid}"
	[[ $1 == yes && -z $errors || $1 == no && -n $errors ]]
}

@test "every keyword of a schema lets right values pass and no others" {
	local lines schema right wrong
	mapfile -t lines <<-'END'
		{"type":"integer"}|7|7.5
		{"type":"integer"}|18446744073709551615|"7"
		{"type":["string","null"]}|null|0
		{"const":"a"}|"a"|"b"
		{"enum":["a",1]}|1|2
		{"minimum":1}|1|0
		{"maximum":1}|1|2
		{"minLength":1}|"a"|""
		{"pattern":"^[a-z]+$"}|"ab"|"aB"
		{"minItems":1}|[0]|[]
		{"items":{"type":"null"}}|[null]|[null,0]
		{"required":["a"]}|{"a":null}|{"b":null}
		{"properties":{"a":{"const":1}}}|{"b":2}|{"a":2}
		{"properties":{"a":false}}|{"b":2}|{"a":2}
		{"additionalProperties":{"const":1}}|{"a":1}|{"a":1,"b":2}
		{"properties":{"a":true},"additionalProperties":false}|{"a":1}|{"b":1}
		{"propertyNames":{"pattern":"^a"}}|{"ab":1}|{"b":1}
		{"not":{"const":1}}|2|1
		{"allOf":[{"minimum":1},{"maximum":2}]}|2|3
		{"anyOf":[{"const":1},{"type":"number"}]}|1|"1"
		{"oneOf":[{"const":1},{"type":"string"}]}|1|2
		{"oneOf":[{"const":1},{"type":"number"}]}|2|1
		{"$ref":"#/definitions/a","definitions":{"a":{"const":1}}}|1|2
	END
	for line in "${lines[@]}"; do
		IFS='|' read -r schema right wrong <<<"$line"
		schema_says yes "$schema" "$right"
		schema_says no "$schema" "$wrong"
	done
}

@test "a keyword that the validator does not know is an error, not ignored" {
	for schema in '{"uniqueItems":true}' '{"$ref":"#/definitions/none"}' \
		'{"items":{"format":"uri"}}'; do
		expect 5 jq -n -L "$BATS_TEST_DIRNAME" --argjson schema "$schema" \
			'include "schema"; [1] | schema_errors($schema)'
	done
}

@test "the schemas in the manual are JSON and use known keywords only" {
	for kind in check convert diff dump merge delta repair undo ndjson; do
		schema "$kind" >"$kind.json"
		# Each schema inside is tried by itself, as a document may leave
		# out what would lead to it.
		jq -n -L "$BATS_TEST_DIRNAME" --slurpfile root "$kind.json" '
			include "schema";
			def inside:
				objects
				| ., ((.properties, .definitions | objects | .[]),
					(.allOf, .anyOf, .oneOf | arrays | .[]),
					.items, .not, .additionalProperties,
					.propertyNames | inside);
			$root[0] | inside | . as $sub
			| ({}, [], "", 0, null)
			| [schema_errors($sub; $root[0]; "")]' >/dev/null
	done
}

# survivors KIND FILE: what can be changed in a document so that it still fits:
# each value in turn becomes one that is of no type used here.
survivors() {
	schema "$1" >"$1.json"
	jq -r -L "$BATS_TEST_DIRNAME" --slurpfile schema "$1.json" '
		include "schema";
		. as $doc | paths | . as $path
		| $doc | setpath($path; [[false]])
		| select([schema_errors($schema[0])] == [])
		| $path | map(tostring) | join("/")' "$2"
}

# needless KIND FILE: the same for leaving a key out.
needless() {
	schema "$1" >"$1.json"
	jq -r -L "$BATS_TEST_DIRNAME" --slurpfile schema "$1.json" '
		include "schema";
		. as $doc | paths | select(.[-1] | type == "string") | . as $path
		| $doc | delpaths([$path])
		| select([schema_errors($schema[0])] == [])
		| $path | map(tostring) | join("/")' "$2"
}

# A store with findings that have a place, numbers and a count.
damaged_store() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 0 2' 'exc 1 2' | store "$1"
}

@test "no value of a check document can be of another type, and no key absent" {
	damaged_store store
	expect 4 psnap_check --output=json store
	printf '%s\n' "$output" >doc
	fits check doc
	[[ $(jq '.findings | length' doc) -gt 0 ]]
	silent 0 survivors check doc
	[[ -z $output ]]
	# An id that did not occur is not in counts.
	silent 0 needless check doc
	[[ $output == counts/duplicate-new ]]
}

@test "no value of a convert document can be of another type, and no key absent" {
	corpus use-4k .
	for format in raw vmdk dm store; do
		expect 0 psnap_convert -O $format --output=json \
			use-4k.cow use-4k.origin made.$format
		printf '%s\n' "$output" >$format.doc
		[[ $(jq -r '.format, .output.name' $format.doc) == \
			$format$'\n'made.$format ]]
	done
	# Refused: what the sums are of cannot be told, or not even the table.
	damaged_store store
	head -c 1M /dev/zero >origin
	head -c 1M /dev/zero >blank
	for store in store blank; do
		expect 4 psnap_convert -O raw --output=json $store origin none
		printf '%s\n' "$output" >$store.doc
	done
	[[ $(jq -c '[.output, .file_system, .exceptions]' blank.doc) == \
		'[null,null,null]' ]]
	fits convert ./*.doc
	for file in *.doc; do
		silent 0 survivors convert "$file"
		[[ -z $output ]]
		silent 0 needless convert "$file"
		[[ -z $output ]]
	done
}

@test "no value of a dump document can be of another type, and no key absent" {
	sound_store store
	for option in --quiet --exceptions --crc32 --lookup=0 --lookup=8192; do
		psnap_dump --output=json "$option" store >doc
		fits dump doc
		silent 0 survivors dump doc
		[[ -z $output ]]
		silent 0 needless dump doc
		case $option in
		# Not required by the schema, but then it is another document.
		--crc32) [[ $output == $'exceptions/0/crc32\n'* ]] ;;
		*) [[ -z $output || $output == lookups ]] ;;
		esac
	done
}

@test "no value of a merge document can be of another type, and no key absent" {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 2' 'data pattern' |
		store store
	head -c 100000 /dev/urandom >origin
	# One of the two was not rescued.
	printf '%s\n' '0 + 1' '0 12288 +' '12288 4096 -' '16384 1032192 +' >map
	run -4 psnap_merge -q --output=json --mapfile=map --undo=undo store origin
	expect 4 psnap_merge --output=json -n --mapfile=map store origin
	printf '%s\n' "$output" >dry
	run -4 --separate-stderr psnap_merge --output=json --mapfile=map \
		--undo=undo store origin
	printf '%s\n' "$output" >doc
	run -4 --separate-stderr psnap_merge --output=json --mapfile=map \
		--target=new store origin
	printf '%s\n' "$output" >target
	fits merge dry doc target
	[[ $(jq '.result.left_runs | length' doc) == 1 ]]
	for file in dry doc target; do
		silent 0 survivors merge $file
		[[ -z $output ]]
		silent 0 needless merge $file
		[[ -z $output ]]
	done
}

@test "a line of ndjson fits one kind of line, and that is the one it names" {
	damaged_store store
	expect 4 psnap_check --output=ndjson store
	printf '%s\n' "$output" >lines
	{
		psnap_dump --output=ndjson store
		psnap_dump --output=ndjson --exceptions store
		psnap_dump --output=ndjson --lookup=0 store
	} >>lines
	fits ndjson lines
	for kind in store finding verdict header run exception lookup end; do
		jq -c "select(.type == \"$kind\")" lines | head -n 1 >line
		[[ -s line ]]
		# Another kind's name on it makes it wrong.
		jq -c '.type = (if .type == "end" then "run" else "end" end)' \
			line >wrong
		run ! fits ndjson wrong
		jq -c 'del(.type)' line >wrong
		run ! fits ndjson wrong
	done
}

@test "documents with more keys than described still fit" {
	sound_store store
	psnap_check --output=json store | jq '.new = 1 | .verdict.new = []' >doc
	fits check doc
	psnap_dump --output=json store | jq '.new = 1 | .runs[].new = []' >doc
	fits dump doc
}

@test "values at the limits fit, and those beyond do not" {
	sound_store store
	psnap_dump --output=json store >doc
	for change in '.header.magic = 4294967295' '.runs[0].area = 0' \
		'.runs[0].old_chunk = 18446744073709551615' \
		'.geometry.chunk_size_bytes = 512' \
		'.usage.status = "Invalid"'; do
		jq "$change" doc >changed
		fits dump changed
	done
	for change in '.header.magic = 4294967296' '.runs[0].area = -1' \
		'.runs[0].chunks = 0' '.runs[0].old_chunk = 0.5' \
		'.geometry.chunk_size_bytes = 511' '.schema_version = 2' \
		'.psnap = "check"' '.usage.status = "full"' '.lookups = []' \
		'.table.end = "end"' '.runs[0].state = "live"'; do
		jq "$change" doc >changed
		echo "$change"
		run ! fits dump changed
	done
}
