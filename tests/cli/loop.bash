# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Loop devices and mounts for tests of commands that write, taken down again
# whatever becomes of the test. Needs root; skips what the machine lacks.

# shellcheck disable=SC2034 # the tests use loop

loop_setup() {
	cleanup=()
	[[ $EUID -eq 0 ]] || skip "needs root for loop devices"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Have a command run when the test is over.
later() {
	cleanup+=("$1")
}

# What was set up is taken down in reverse order, each by its own name.
teardown() {
	local i
	for ((i = ${#cleanup[@]} - 1; i >= 0; i--)); do
		eval "${cleanup[i]}" || echo "# cleaning up failed: ${cleanup[i]}" >&3
	done
	cd /
}

# attach FILE [OPTION...]: sets $loop to a new loop device over FILE.
attach() {
	local file=$1
	shift
	loop=$(losetup --find --show --partscan "$@" "$file" 2>&1) ||
		skip "no loop devices: $loop"
	later "losetup --detach $loop"
}

# An ext4 file system on $1, mounted on a directory called $2.
mount_ext4() {
	mkfs.ext4 -q -F "$1"
	mkdir -p "$2"
	mount "$1" "$2" || skip "mounting is not allowed"
	later "umount '$2'"
}

# A store and the file view of an origin that is $loop and mounted on mnt, where
# a file is: read-only, so that it holds still.
mounted_pair() {
	head -c 16M /dev/urandom >origin
	attach origin
	mount_ext4 "$loop" mnt
	echo precious >mnt/file
	umount mnt
	mount -o ro,noload "$loop" mnt
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 2000 2 11' 'data pattern' |
		store store
	"${PSNAP%/*}/tests/view" store "$loop" >view
}
