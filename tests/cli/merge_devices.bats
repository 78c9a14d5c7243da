#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap merge of parts and to new files, on real loop devices and mounts: with
# sectors larger than chunks, with an undo file that must have the room it
# asked for, and with an origin that is in use. Needs root.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load loop

setup() {
	loop_setup
}

# room_needed OPTION...: what a merge says that an undo file may need, in $need.
# A file system of 64 KiB has too little for any.
room_needed() {
	local small=$BATS_TEST_TMPDIR/small
	mkdir -p "$small"
	mountpoint -q "$small" || {
		mount -t tmpfs -o size=64k none "$small" ||
			skip "mounting is not allowed"
		later "umount '$small'"
	}
	expect 8 psnap_merge --undo="$small/undo" "$@"
	[[ $stderr =~ 'may need '([0-9]+)' bytes and '[0-9]+' are free' ]]
	need=${BASH_REMATCH[1]}
	[[ -z $(ls -A "$small") ]]
}

# undoes SECTOR_BYTES RECIPE OPTION...: a merge can be undone, on files (sector
# size 1) or loop devices, and its undo file was not larger than it said.
undoes() {
	local sector=$1 recipe=$2 devices=(store origin) shown undo
	shift 2
	# What is behind a loop device stays there until the end.
	mkdir "$((++tries))"
	cd "$tries" || return 1
	# shellcheck disable=SC2059 # the recipe has \n in it
	printf "$recipe" | store store
	head -c 20480000 /dev/urandom >origin
	remember
	if ((sector > 1)); then
		truncate --size=%4096 store
		cp store store.before
		attach store --sector-size "$sector"
		devices=("$loop")
		attach origin --sector-size "$sector"
		devices+=("$loop")
	fi
	room_needed "$@" "${devices[@]}"
	silent 0 psnap_merge --undo=undo "$@" "${devices[@]}"
	shown=$(view_sum "${devices[@]}")
	[[ $shown == "$(sum_of view)" ]]
	undo=$(stat --format=%s undo)
	echo "$sector, $recipe, $*: $undo of $need bytes"
	((undo <= need && need < 2 * undo))
	silent 0 psnap_undo undo "${devices[@]}"
	((sector == 1)) || sync -d "${devices[@]}"
	cmp store store.before
	cmp origin origin.before
	cd "$BATS_TEST_TMPDIR" || return 1
}
tries=0

# 94 areas, 6 areas and 938 areas; a chunk is at least a sector.
tiny='chunk 512\nscatter 3000 4000 7\ndata pattern\n'
long='chunk 512\nscatter 30000 40000 7\ndata pattern\n'
usual='chunk 4K\nscatter 1500 2000 7\ndata pattern\n'

@test "an undo file of a whole merge has the room it needs" {
	local sector
	for sector in 1 512; do
		undoes $sector "$tiny"
		undoes $sector "$tiny" --batch=64K
	done
	# Where the table is what counts.
	undoes 1 'chunk 512\nalloc 0 38000\ndata pattern\n'
	for sector in 1 512 4096; do
		undoes $sector "$usual"
		undoes $sector "$usual" --batch=256K
		undoes $sector "$usual" --keep-store
	done
}

@test "an undo file of a part of a merge has the room it needs" {
	local sector
	for sector in 1 512; do
		undoes $sector "$tiny" --range=96..1600 --range=3000..9999
		undoes $sector "$tiny" --exclude=1000..1500 --batch=64K
		undoes $sector "$tiny" --salvage --exclude=2000..2100
	done
	undoes 1 "$tiny" --exclude=2000..2100 --batch=512
	# What stays is moved again with each batch.
	undoes 1 "$long" --exclude=0..13000 --batch=1M
	for sector in 1 512 4096; do
		undoes $sector "$usual" --range=500..12000 --batch=256K
		undoes $sector "$usual" --salvage --exclude=6000..8888
	done
}

@test "an origin that is in use can be copied, and there is a warning" {
	mounted_pair
	expect 8 psnap_merge store "$loop"
	expect 0 psnap_merge --target=new store "$loop"
	[[ $stderr == "psnap-merge: $loop: in use: mounted on $PWD/mnt; "* ]]
	cmp new view
	rm new
	silent 0 psnap_merge -q --target=new store "$loop"
	cmp new view
	rm new
	# What stands on it would change it.
	umount mnt
	mount "$loop" mnt
	expect 8 psnap_merge --target=mnt/new store "$loop"
	[[ $stderr == *'psnap-merge: mnt/new: the new file would be on a device'* ]]
	[[ -z $output && ! -e mnt/new ]]
	expect 8 psnap_merge -n --target=mnt/new store "$loop"
}
