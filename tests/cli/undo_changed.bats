#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap undo --accept-changed-origin: an origin that was written to since, and what
# is not one.

# run sets stderr; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load undo

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	unmount mounted
}

write_at() { # FILE OFFSET...
	local offset
	for offset in "${@:2}"; do
		printf changed | dd of="$1" bs=1 seek="$offset" conv=notrunc \
			status=none
	done
}

# Chunks 3 to 13 and 24 to 28 are merged, and the rest stays what others made it.
@test "what was saved comes back, what was written beside it stays" {
	pair
	cp origin wanted
	silent 0 psnap_merge --undo=undo store origin
	write_at origin 1100 4000 12288 13000 65536 116218
	write_at wanted 1100 4000 65536

	expect 4 psnap_undo undo
	[[ -z $output && ${#stderr_lines[@]} == 2 ]]
	[[ ${stderr_lines[0]} == 'psnap-undo: undo: byte 1024: '*'/origin is not the device '*', or was written to since: '*' samples of its content differ, '*' speak for it' ]]
	[[ ${stderr_lines[1]} == 'psnap-undo: '*'/origin: '*--accept-changed-origin* ]]
	cp origin written

	expect 0 psnap_undo --accept-changed-origin --dry-run undo
	[[ ${lines[3]} =~ ^'changed     '[0-9]+' samples of the origin, from byte 1024 on'$ ]]
	[[ ${lines[4]} == 'would put back '*' bytes; the origin was written to since' ]]
	[[ $stderr == 'psnap-undo: '*'/origin: byte 1024: was written to since; '* ]]
	cmp origin written
	expect 0 psnap_undo --accept-changed-origin --output=json undo
	jq -e '.origin.changed_samples > 2 and .put_back_bytes > 0' <<<"$output"
	cmp origin wanted
	[[ $(sha256sum store) == "$(grep ' store$' sum)" ]]
	# Again, and the warning also when all else is quiet.
	expect 0 psnap_undo --accept-changed-origin --quiet undo
	[[ -z $output && $stderr == *': was written to since; '* ]]
	cmp origin wanted
}

# refused_always FILE...: with and without the option, and without a way out.
refused_always() {
	local before option
	before=$(sha256sum "$@")
	for option in --quiet --accept-changed-origin; do
		expect 4 psnap_undo $option "$@"
		[[ -z $output && ${#stderr_lines[@]} == 1 ]]
		[[ $stderr == *'is not the device the undo file was made for'* ||
			$stderr == *'the undo file was made for '*' bytes, but '* ]]
		[[ $(sha256sum "$@") == "$before" ]]
	done
}

@test "another origin is refused all the same" {
	merged
	head -c 116225 /dev/urandom >other
	refused_always undo store other
	truncate --size=116224 other
	refused_always undo store other
	truncate --size=0 other
	truncate --size=116225 other
	refused_always undo store other
	silent 0 psnap_undo --accept-changed-origin undo
	is_as_before
}

# Others have the same in most places: nothing.
@test "another file system of the same size is refused all the same" {
	local name
	mkdir files
	for name in origin other; do
		head -c 3M /dev/urandom >files/data
		truncate --size=64M $name
		mke2fs -q -F -t ext4 -b 4096 -d files $name
	done
	printf '%s\n' 'chunk 4K' 'scatter 36 16384 5' 'data pattern' | store store
	sha256sum store origin >sum
	silent 0 psnap_merge --undo=undo store origin
	refused_always undo store other
	silent 0 psnap_undo undo
	is_as_before
}

# Its data is not in the undo file: a table that was put back would lead to
# what others have written.
@test "a store that was written to is refused all the same" {
	merged
	cp store emptied
	write_at store 189440
	refused_always undo store origin
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 9' 'data pattern' | store other
	refused_always undo other origin
	truncate --size=0 other
	truncate --size=1M other
	refused_always undo other origin
	mv emptied store
	silent 0 psnap_undo undo
	is_as_before
}

@test "a file system that was mounted after the merge can be had back" {
	((EUID == 0)) || skip "needs root to mount"
	local name
	mkdir mounted
	for name in cow origin; do
		gzip -dc "$BATS_TEST_DIRNAME/../sample/$name.img.gz" >$name
	done
	# A device that was used has content in most places.
	head -c 4M /dev/urandom | dd of=origin bs=1M seek=4 conv=notrunc status=none
	silent 0 psnap_merge --undo=undo cow origin
	mount -o loop origin mounted || skip "mounting is not allowed"
	[[ $(<mounted/notes.txt) == *Monday* ]]
	echo 'And that' >mounted/new.txt
	umount mounted
	expect 4 psnap_undo undo
	expect 0 psnap_undo --accept-changed-origin undo
	[[ $output == *changed* ]]
	# 1: it had something to correct.
	run e2fsck -f -y origin
	[[ $status == 0 || $status == 1 ]]
	[[ $(debugfs -R 'cat /notes.txt' origin 2>/dev/null) == *cancelled* ]]
}
