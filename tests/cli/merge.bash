# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap merge share: pairs, what a part of a merge has to
# leave as it was, and disks with bad sectors.

# shellcheck disable=SC2154,SC2034 # run sets stderr, the tests use many

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# A pair with real data: 16 exceptions of 4 KiB in 2 runs, an origin of random
# bytes that ends in the middle of the last chunk that has an exception.
pair() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 11' 'exc 24 20 5' \
		'data pattern' | store store
	head -c $((28 * 4096 + 1536)) /dev/urandom >origin
}

# A pair of many small exceptions in disorder, enough for threads to read them.
many=20000
large_pair() {
	printf '%s\n' 'chunk 512' "scatter $many 30000 7" 'data pattern' |
		store store
	head -c 15359800 /dev/urandom >origin
}

# A pair that takes more than one write to be copied.
long_pair() {
	printf '%s\n' 'chunk 4K' 'size 16M' 'scatter 3000 4000 7' \
		'data pattern' | store store
	head -c 16383000 /dev/urandom >origin
}

# A pair whose origin has a hole, and zeros that are written out; the store has
# zeros, too.
zeros_pair() {
	pair
	truncate --size=64M origin
	dd if=/dev/zero of=origin bs=1M seek=20 count=10 conv=notrunc status=none
	dd if=/dev/zero of=store bs=4096 seek=2 count=4 conv=notrunc status=none
	(($(blocks origin) > 20480)) || skip "no holes here"
	remember
}

# blocks FILE: how many sectors it takes on its file system.
blocks() {
	stat --format='%b' "$1"
}

# refuses STATUS TEXT ARGUMENTS...: and neither file is touched.
refuses() {
	local want=$1 text=$2 before after
	shift 2
	before=$(state_of store origin)
	expect "$want" psnap_merge "$@"
	after=$(state_of store origin)
	[[ -z $output && $stderr == *"$text"* && $after == "$before" ]]
}

# What the snapshot of store and origin shows goes to the file view; what a
# merge must not lose is in *.before.
remember() {
	"${PSNAP%/*}/tests/view" store origin >view
	cp store store.before
	cp origin origin.before
}
view_is_the_same() {
	[[ $(view_sum store origin) == "$(sum_of view)" ]]
}

# only_changed FIRST END...: chunks of 4 KiB of the origin are now what the
# view has, and no other byte of it is another one.
only_changed() {
	cp origin.before wanted
	while (($# > 0)); do
		dd if=view of=wanted bs=4096 skip="$1" seek="$1" \
			count=$(($2 - $1)) conv=notrunc status=none
		shift 2
	done
	cmp origin wanted
}

# The store is sound, N exceptions are left in its one table of 4 KiB, and
# nothing else of it was written to.
store_has_left() { # N
	expect 0 psnap_check --all-areas store origin
	[[ $(psnap_check --output=json store | jq .table.exceptions) == "$1" ]]
	cmp -n 4096 store store.before
	cmp -i 8192 store store.before
}

# A library that makes sectors bad, in $bad.
need_bad_sectors() {
	need_no_sanitizer
	bad=$BATS_FILE_TMPDIR/bad_sectors.so
	[[ -e $bad ]] || "${CC:-cc}" -D_GNU_SOURCE -O1 -shared -fPIC -o "$bad" \
		"$BATS_TEST_DIRNAME/bad_sectors.c" -ldl || skip "no compiler"
	empty_store bad.test
	run -4 with_bad bad.test 4096-4608 "$PSNAP" check bad.test
	[[ $output == *read-error* ]] || skip "preloading has no effect"
	rm bad.test
}
with_bad() { # FILE RANGES COMMAND...
	local file=$1 ranges=$2
	shift 2
	BAD_FILE=$file BAD_BYTES=$ranges LD_PRELOAD=$bad "$@"
}

# map FILE "STATUS BYTES"...: a map of GNU ddrescue.
map() {
	local file=$1 at=0 block
	shift
	printf '# Mapfile. Created by GNU ddrescue version 1.27\n' >"$file"
	printf '0x%08X     +               1\n' 0 >>"$file"
	for block in "$@"; do
		printf '0x%08X  0x%08X  %s\n' $at "${block#* }" "${block%% *}" \
			>>"$file"
		at=$((at + ${block#* }))
	done
}
