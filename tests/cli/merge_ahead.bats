#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge of stores large enough to be read by threads: whatever the shape
# of the data and the device, with threads or without, the origin becomes what
# the snapshot showed. That threads read is seen in what the system is asked.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load loop

setup() {
	loop_setup
}

# wide RECIPE_LINE...: a store of this shape, and an origin of 24 MiB and a
# half that ends within a sector.
wide() {
	printf '%s\n' "$@" 'data pattern' | store store
	head -c $((24 * 1048576 + 1234)) /dev/urandom >origin
	remember
}

# As for one chunk after the other: in order, in disorder, in runs; chunks as
# long as what is read at once and longer, runs that are, chunks below a page.
shapes=(
	'chunk 4K|alloc 0 5000'
	'chunk 4K|scatter 5000 6144 3'
	'chunk 4K|scatter 5000 6144 5 32'
	'chunk 512|scatter 30000 40000 1 8'
	'chunk 64K|alloc 7 378'
	'chunk 64K|scatter 300 385 2'
	'chunk 1M|scatter 20 24 4'
	'chunk 4M|exc 1 3|exc 0 2|exc 6 4'
)

@test "large stores of every shape merge exactly, and back" {
	local shape lines
	for shape in "${shapes[@]}"; do
		IFS='|' read -ra lines <<<"$shape"
		echo "$shape"
		wide "${lines[@]}"
		rm -f undo
		silent 0 psnap_merge --verify --undo=undo store origin
		cmp origin view
		is_empty_store store
		silent 0 psnap_undo undo store origin
		cmp origin origin.before
		cmp store store.before
		silent 0 psnap_merge --target=new store origin
		cmp new view
		cmp store store.before
		rm new
	done
}

# readers: how many threads read, besides the first.
readers() {
	awk 'NR == 1 { main = $1 } /pread64/ && $1 != main { print $1 }' trace |
		sort -u | wc -l
}

@test "threads read, past the page cache, and only where it is worth it" {
	need_strace
	local calls=clone3,clone,openat,pread64,madvise
	wide 'chunk 4K' 'scatter 5000 6144 3'
	strace -f -qq -o trace -e trace=$calls \
		"$PSNAP" merge --quiet store origin
	cmp origin view
	grep -q 'openat(AT_FDCWD, "/proc/self/fd/[0-9]*", .*O_DIRECT' trace
	# Into huge pages, all of which belong to it.
	grep -Eq 'madvise\(0x[0-9a-f]*[02468ace]00000, [0-9]+, MADV_HUGEPAGE' trace
	(($(readers) > 1))
	# Single chunks, far from each other on the store.
	wide 'chunk 32K' 'scatter 700 769 3'
	strace -f -qq -o trace -e trace=$calls "$PSNAP" merge --quiet \
		--range=0..12288 store origin
	(($(grep -c pread64 trace) > 100 && $(readers) == 0))
	silent 0 psnap_merge store origin
	cmp origin view
	# So little that it would take longer to make threads.
	pair
	strace -f -qq -o trace -e trace=$calls "$PSNAP" merge --quiet store \
		origin
	run ! grep -wE 'clone3?|O_DIRECT' trace
}

@test "without threads, or reading past the cache, it takes longer and no more" {
	need_strace
	local call
	for call in clone3,clone:error=EAGAIN \
		openat:error=EINVAL:when=1000+; do
		wide 'chunk 4K' 'scatter 5000 6144 3'
		strace -f -qq -o trace -e "inject=$call" \
			"$PSNAP" merge --quiet store origin
		cmp origin view
	done
}

@test "a sector that threads cannot read is named, and --salvage leaves it" {
	need_bad_sectors
	wide 'chunk 4K' 'alloc 0 5000'
	# It is in the middle of a piece, and data of origin chunk 2187.
	expect 8 with_bad store 9000960-9001472 "$PSNAP" merge store origin
	[[ $stderr == 'psnap-merge: store: byte 9000960: cannot read: '* ]]
	[[ $stderr == *'--salvage leaves such exceptions'* ]]
	view_is_the_same
	# In a gap that nobody asked for it does not matter.
	expect 0 with_bad store 9000960-9001472 "$PSNAP" merge \
		--exclude=17496..17504 store origin
	[[ $output == *$'\nleft        1 exception'* ]]
	view_is_the_same
	cp store.before store
	cp origin.before origin
	expect 4 with_bad store 9000960-9001472 "$PSNAP" merge --salvage \
		store origin
	[[ $output == *$'\nleft        1 exception'* ]]
	view_is_the_same
	silent 0 psnap_merge store origin
	cmp origin view
}

@test "loop devices with small and large sectors are read by threads too" {
	local sector tries=0
	for sector in 512 4096; do
		mkdir "$((++tries))"
		cd "$tries" || return 1
		wide 'chunk 4K' 'scatter 5000 6144 5 32'
		truncate --size=%4096 store
		truncate --size=24M origin
		remember
		attach store --sector-size "$sector"
		local from=$loop
		attach origin --sector-size "$sector"
		silent 0 psnap_merge "$from" "$loop"
		cmp "$loop" view
		is_empty_store "$from"
		cd ..
	done
}

@test "SIGINT while threads read is 32, and the next run ends it" {
	need_strace
	local call
	for call in pwrite64:when=1 io_uring_enter:when={1,50,130}; do
		wide 'chunk 4K' 'scatter 5000 6144 3'
		expect 32 cut_at INT "$call" "$PSNAP" merge \
			--batch=4M store origin
		[[ $stderr == *': interrupted; '* ]]
		view_is_the_same
		silent 0 psnap_merge store origin
		cmp origin view
		is_empty_store store
	done
}
