#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The files that psnap dump writes: whole or not at all, never over the store.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # what run and helpers set
# shellcheck disable=SC2016 # $ of jq
bats_require_minimum_version 1.5.0
load helpers
load dump

# --- files ------------------------------------------------------------------

@test "--compress to a pipe or a file unpacks to the plain output" {
	sound_store store
	for format in text json ndjson csv; do
		psnap_dump --output="$format" store >plain
		psnap_dump --output="$format" --compress store | gunzip |
			cmp - plain
		silent 0 psnap_dump --output="$format" --compress -o file store
		[[ -z $output ]]
		gunzip <file | cmp - plain
		silent 0 psnap_dump --output="$format" -o file store
		cmp file plain
	done
	printf '%s\n' 'chunk 4K' 'scatter 200000 10000000 1' | store store
	psnap_dump --output=ndjson --exceptions store >plain
	psnap_dump --output=ndjson --exceptions --compress store >packed
	gunzip <packed | cmp - plain
	[[ $(stat -c %s packed) -lt $(($(stat -c %s plain) / 2)) ]]
}

@test "--compress is refused for a terminal" {
	command -v script >/dev/null || skip "no script to make a terminal"
	sound_store store
	run script -qec "'$PSNAP' dump --compress store" /dev/null </dev/null
	((status == 16))
	[[ $output == *'psnap-dump: '*--compress*terminal* ]]
	[[ $output == *"Try 'psnap-dump --help' for more information."* ]]
	run script -qec "'$PSNAP' dump --compress -o file store" /dev/null \
		</dev/null
	((status == 0))
	gunzip <file | cmp - <("$PSNAP" dump store)
}

@test "-o writes what else is printed, and prints nothing" {
	sound_store store
	for format in text json ndjson csv; do
		silent 0 psnap_dump --output="$format" --output-file=file store
		[[ -z $output ]]
		psnap_dump --output="$format" store | cmp - file
	done
	silent 0 psnap_dump --lookup=0 -o file store
	psnap_dump --lookup=0 store | cmp - file
	only file store
}

@test "-o replaces a file in one step and keeps its mode and owner" {
	sound_store store
	echo old >file
	chmod 640 file
	((EUID != 0)) || chown 12:34 file
	local owner inode
	owner=$(stat -c '%u:%g %a' file)
	inode=$(stat -c %i file)
	# Whoever has the old file open keeps it whole.
	exec 5<file
	silent 0 psnap_dump -o file store
	[[ $(cat <&5) == old ]]
	exec 5<&-
	[[ $(stat -c '%u:%g %a' file) == "$owner" ]]
	[[ $(stat -c %i file) != "$inode" ]]
	psnap_dump store | cmp - file
	only file store
}

@test "-o makes new files as the umask says" {
	sound_store store
	for mask in 022 077 027; do
		rm -f file image
		(umask "$mask" && psnap_dump -o file store &&
			psnap_dump --metadata-image=image store)
		[[ $(stat -c %a file) == $(printf %o $((0666 & ~mask))) ]]
		[[ $(stat -c %a image) == $(printf %o $((0666 & ~mask))) ]]
	done
}

@test "-o leaves the old file and nothing else when the dump fails" {
	echo old >file
	printf '%s\n' 'chunk 4K' 'size 1M' noheader 'exc 0 2' | store store
	complains 4 'psnap-dump: store: ' psnap_dump -o file store
	complains 8 'psnap-dump: missing: ' psnap_dump -o file missing
	complains 4 'psnap-dump: ' psnap_dump -o new store
	[[ $(<file) == old ]]
	only file store
	need_file_modes
	sound_store store
	mkdir dir
	chmod 555 dir
	complains 8 'psnap-dump: dir/file: ' \
		unprivileged "$PSNAP" dump -o dir/file store
	[[ -z $(ls -A dir) ]]
}

@test "-o to a file system that is full leaves the old file" {
	((EUID == 0)) || skip "needs root to mount"
	mkdir small
	unshare --mount bash -c 'mount -t tmpfs -o size=64k none small' \
		2>/dev/null || skip "mounting is not allowed"
	printf '%s\n' 'chunk 4K' 'scatter 100000 10000000 1' | store store
	expect 8 unshare --mount bash -c '
		mount -t tmpfs -o size=64k none small && echo old >small/file
		"$0" dump --output=csv -o small/file store; rc=$?
		[[ $(cat small/file) == old && $(ls -A small) == file ]] || exit 1
		"$0" dump --metadata-image=small/file store
		[[ $? == "$rc" && $(cat small/file) == old ]] || exit 2
		[[ $(ls -A small) == file ]] || exit 3
		exit "$rc"' "$PSNAP"
	[[ $stderr == *'small/file: no space left on device'* || \
		$stderr == *'small/file: '*'no space'* ]]
}

# Writing the store over itself would be the end of it.
@test "output files are refused that are the store, by whatever name" {
	empty_store store
	ln store hard
	ln -s store soft
	ln -s soft softer
	mkdir sub
	for file in store ./store "$PWD/store" sub/../store hard soft softer; do
		for option in -o --metadata-image=; do
			untouched store psnap_dump "$option$file" store
			echo "$option$file: $status $output $stderr"
			((status == 8))
			[[ -z $output && $stderr == "psnap-dump: $file: "* ]]
			untouched store psnap_dump "$option$file" soft
			((status == 8))
		done
	done
	only store hard soft softer sub
}

@test "a standard output that is the store is refused" {
	sound_store store
	onto_store() {
		"$@" 1<>store
	}
	untouched store onto_store "$PSNAP" dump store
	((status == 8))
	[[ $stderr == 'psnap-dump: standard output: '* ]]
	untouched store onto_store "$PSNAP" check store
	((status == 8))
}

@test "output files are refused that are no regular files" {
	sound_store store
	mkdir dir
	mkfifo fifo
	ln -s missing dangling
	for file in dir dir/ fifo /dev/null /dev/full dangling '' missing/file \
		store/file; do
		for option in -o --metadata-image; do
			complains 8 "psnap-dump: $file: " \
				timeout 20 "$PSNAP" dump "$option" "$file" store
			[[ -z $output ]]
		done
	done
	[[ -c /dev/null && -p fifo && -d dir && ! -e missing ]]
	only dangling dir fifo store
}

@test "a link as output file stands for the file it leads to" {
	sound_store store
	mkdir dir
	echo old >dir/file
	ln -s dir/file link
	silent 0 psnap_dump -o link store
	[[ -L link ]]
	psnap_dump store | cmp - dir/file
	[[ $(ls -A dir) == file ]]
}

# --- metadata image ---------------------------------------------------------

# image_is_like_store OPTION... : check says the same, no data is in it, and it
# takes little room.
image_is_like_store() {
	expect 0 psnap_dump --metadata-image=image "$@" store
	[[ -z $output ]]
	[[ $(stat -c %s image) -eq $(stat -c %s store) ]]
	run ! grep -qa 'chunk 0' image
	run psnap_check --output=json --all-areas store
	local wanted=$status
	jq 'del(.store.name)' <<<"$output" >store.json
	expect "$wanted" psnap_check --output=json --all-areas image
	jq 'del(.store.name)' <<<"$output" | diff store.json -
	psnap_dump --all --output=csv store >store.csv
	psnap_dump --all --output=csv image | cmp - store.csv
}

@test "--metadata-image has header and areas, but no data, and is sparse" {
	local areas chunk
	for chunk in 512 4096 1048576; do
		printf '%s\n' "chunk $chunk" "size $((chunk * 300))" \
			'exc 5 2 20' 'exc 100 30 40' 'data pattern' | store store
		grep -qa 'chunk 0' store
		image_is_like_store
		# Two chunks of metadata; 64 KiB for what a file system adds.
		[[ $(du -B 1 image | cut -f 1) -le $((2 * chunk + 65536)) ]]
		cmp -n $((2 * chunk)) store image
	done
}

@test "--metadata-image has every area of a long table" {
	printf '%s\n' 'chunk 512' 'size 8M' 'scatter 5000 100000 7 3' \
		'data pattern' | store store
	image_is_like_store
	# Areas are every 33 chunks, from chunk 1.
	for ((area = 0; area < 157; area++)); do
		echo $((1 + area * 33))
	done | while read -r chunk; do
		cmp -i $((chunk * 512)) -n 512 store image
	done
}

@test "--metadata-image of damaged stores is judged like the store" {
	for damage in 'exc 1 2' 'header valid=0' 'set 0 30 9 9' \
		'set 2 0 7 8' 'set 0 1 3 0xffffffffffffffff' 'random 16 496 5' \
		'exc 9 33' 'truncate 99999'; do
		printf '%s\n' 'chunk 512' 'size 200K' 'exc 0 2 20' 'data pattern' \
			"$damage" | store store
		echo "$damage"
		expect 0 psnap_dump --metadata-image=image store
		run psnap_check --output=json store
		jq 'del(.store.name)' <<<"$output" >store.json
		run psnap_check --output=json image
		jq 'del(.store.name)' <<<"$output" | diff store.json -
	done
}

@test "--metadata-image has stale areas as far as check looks for them" {
	printf '%s\n' 'chunk 512' 'size 16M' 'exc 0 2' 'set 200 0 7 8' \
		'set 900 0 7 9' | store store
	expect 0 psnap_dump --metadata-image=image store
	cmp -i $(((1 + 200 * 33) * 512)) -n 512 store image
	run ! cmp -s -i $(((1 + 900 * 33) * 512)) -n 512 store image
	image_is_like_store --all-areas
	cmp -i $(((1 + 900 * 33) * 512)) -n 512 store image
	run ! psnap_dump --all-areas store
}
