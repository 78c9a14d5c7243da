#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -f ndjson: a dump becomes the store that was dumped.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_store

# The lines of a dump without the name of the store.
lines_of() {
	psnap_dump --output=ndjson "${@:2}" "$1" |
		sed 's/"store":{"name":"[^"]*"/"store":{"name":"x"/'
}

# The dump of what a dump becomes is that dump, with data and without.
comes_back() { # STORE
	psnap_dump --output=ndjson "$1" >dump
	lines_of "$1" >before
	silent 0 psnap_convert -q -f ndjson -O store dump new
	lines_of new | diff - before
	[[ $(stat --format=%s new) == $(stat --format=%s "$1") ]]
	# There is a table, and nothing else.
	silent 0 psnap_convert -q -f ndjson -O store --data-from="$1" dump new2
	lines_of new2 --crc32 >after
	lines_of "$1" --crc32 | diff - after
	psnap_dump --output=ndjson --crc32 "$1" >dump
	silent 0 psnap_convert -q -f ndjson -O store --data-from="$1" dump new3
	cmp new2 new3
	rm new new2 new3
}

random_stores() {
	comes_back store
	psnap_dump --output=ndjson --crc32 store >dump
	psnap_convert -q -f ndjson -O store --data-from=store dump new
	shows_the_view new
	rm new
}

@test "a dump becomes the store that was dumped" {
	random_pairs random_stores
	empty_store store
	comes_back store
}

@test "so it is with what kernels made" {
	local case
	for case in $(corpus_cases); do
		corpus "$case" .
		comes_back "$case.cow"
		psnap_dump --output=ndjson --crc32 --compress "$case.cow" \
			>dump.gz
		psnap_convert -q -f ndjson -O store --data-from="$case.cow" \
			dump.gz new
		[[ $(view_sum new "$case.origin") == \
			"$(view_sum "$case.cow" "$case.origin")" ]]
		rm new
	done
}

@test "a store whose header and table are lost comes back from its dump" {
	pair
	remember
	psnap_dump --output=ndjson --crc32 store >dump
	head -c 8192 /dev/urandom | dd of=store conv=notrunc status=none
	silent 0 psnap_convert -q -f ndjson -O store --data-from=store dump new
	expect 0 psnap_check --data new origin
	shows_the_view new
	# And a larger one that it is the beginning of.
	truncate --size=+1M store
	silent 0 psnap_convert -q -f ndjson -O store --data-from=store dump new2
	cmp new new2
}

@test "without data it is said that it is missing" {
	pair
	psnap_dump --output=ndjson --crc32 store >dump
	expect 0 psnap_convert -f ndjson -O store dump new
	[[ $stderr == *'a table only, of 16 exceptions'*'do not merge it'* ]]
	diff -u - <(echo "$output") <<-END
		input       dump, $(stat --format=%s dump) bytes
		format      store
		output      new, 1048576 bytes
		new store   16 exceptions of 4096 bytes
		data        missing: it has a table only
	END
	(($(blocks new) <= 64))
	cmp -i 8192 -n $((16 * 4096)) new /dev/zero
	expect 0 psnap_convert --output=json -f ndjson -O store dump new2
	echo "$output" >doc
	fits convert doc
	jq -e '.new_store.data_missing and .store == null and .origin == null
		and .input.name == "dump" and .input_format == "ndjson"' doc
	expect 0 psnap_convert --output=json -f ndjson -O store \
		--data-from=store dump new3
	[[ -z $stderr ]]
	echo "$output" >doc
	fits convert doc
	jq -e '(.new_store.data_missing | not) and .store.name == "store"' doc
}

@test "a store that is marked invalid stays that" {
	corpus overflow .
	psnap_dump --output=ndjson overflow.cow >dump
	psnap_convert -q -f ndjson -O store --data-from=overflow.cow dump new
	expect 4 psnap_check new
	[[ $output == *'valid 0, '* ]]
}

@test "data that is not what it was is refused" {
	pair
	psnap_dump --output=ndjson --crc32 store >dump
	cp store other
	printf x | dd of=other bs=1 seek=$((20 * 4096 + 5)) conv=notrunc \
		status=none
	refuses_to 4 'the data of 1 of 16 exceptions is not what it was' \
		-f ndjson -O store --data-from=other dump new
	[[ $stderr == *'origin chunk 24 in store chunk 20'* ]]
	# A store that is too small for it.
	truncate --size=80K other
	refuses_to 4 'line 13: does not fit other' \
		-f ndjson -O store --data-from=other dump new
	# Places that the dumped store did not have, but this one has.
	truncate --size=2M store
	sed 's/"new_chunk":24/"new_chunk":300/' dump >odd
	[[ $(sum_of dump) != "$(sum_of odd)" ]]
	sed 's/,"crc32":[0-9"a-f]*//' odd >dump
	refuses_to 4 'line 17: store chunk 300 is behind the end' \
		-f ndjson -O store --data-from=store dump new
	refuses_to 4 'line 17: does not fit new' -f ndjson -O store dump new
}

@test "a dump that is damaged or of a part only is refused" {
	pair
	psnap_dump --output=ndjson store >dump
	psnap_dump --output=ndjson --old=3..6 store >part
	refuses_to 4 'not of a whole table' -f ndjson -O store part new
	head -n 2 dump >short
	refuses_to 4 'psnap-convert: short: ' -f ndjson -O store short new
	head -c -20 dump >short
	refuses_to 4 'psnap-convert: short: ' -f ndjson -O store short new
	echo '{}' >>dump
	refuses_to 4 'psnap-convert: dump: ' -f ndjson -O store dump new
	for file in origin store /dev/null missing; do
		expect_failure=$(psnap_convert -f ndjson -O store $file new \
			2>&1) && false
		[[ $expect_failure == *"psnap-convert: $file: "* ]]
		nothing_remains
	done
}
