#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap undo --accept-changed: devices that were written to since.

# run sets stderr; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load undo

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	! mountpoint -q "$BATS_TEST_TMPDIR/mounted" ||
		umount "$BATS_TEST_TMPDIR/mounted"
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
	[[ ${stderr_lines[0]} == 'psnap-undo: undo: byte 1024: '*' was written to since' ]]
	[[ ${stderr_lines[1]} == 'psnap-undo: undo: '*--accept-changed* ]]
	cp origin written

	expect 0 psnap_undo --accept-changed --dry-run undo
	[[ ${lines[3]} =~ ^'changed     '.*'/origin, '[0-9]+' of the samples, the first at byte 1024'$ ]]
	cmp origin written
	expect 0 psnap_undo --accept-changed --output=json undo
	jq -e '.store.changed_samples == 0 and .origin.changed_samples > 2
		and .put_back_bytes > 0' <<<"$output"
	cmp origin wanted
	[[ $(sha256sum store) == "$(grep ' store$' sum)" ]]
}

@test "another device is refused all the same, and without a way out" {
	merged
	head -c 116225 /dev/urandom >other
	cp other before
	expect 4 psnap_undo --accept-changed undo store other
	[[ -z $output && ${#stderr_lines[@]} == 1 ]]
	[[ $stderr == *'is not the device the undo file was made for: '* ]]
	cmp other before
	# Of another size it cannot be the same.
	truncate --size=116224 other
	expect 4 psnap_undo undo store other
	[[ ${#stderr_lines[@]} == 1 && $stderr != *--accept-changed* ]]
	expect 4 psnap_undo --accept-changed undo store other
	silent 0 psnap_undo --accept-changed undo
	is_as_before
}

@test "a file system that was mounted after the merge can be had back" {
	((EUID == 0)) || skip "needs root to mount"
	local name
	mkdir mounted
	for name in cow origin; do
		gzip -dc "$BATS_TEST_DIRNAME/../sample/$name.img.gz" >$name
	done
	silent 0 psnap_merge --undo=undo cow origin
	mount -o loop origin mounted || skip "mounting is not allowed"
	[[ $(<mounted/notes.txt) == *Monday* ]]
	echo 'And that' >mounted/new.txt
	umount mounted
	expect 4 psnap_undo undo
	expect 0 psnap_undo --accept-changed undo
	[[ $output == *changed* ]]
	# 1: it had something to correct.
	run e2fsck -f -y origin
	[[ $status == 0 || $status == 1 ]]
	[[ $(debugfs -R 'cat /notes.txt' origin 2>/dev/null) == *cancelled* ]]
}
