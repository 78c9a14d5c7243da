# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap convert to devices share. Goes on top of convert.bash
# and loop.bash.

# shellcheck disable=SC2154 # attach sets loop

setup() {
	loop_setup
	pair
	remember
}

# device BYTES [OPTION...]: sets $loop to a new device of random bytes, which
# are in the file device, and in device.before, too.
device() {
	head -c "$1" /dev/urandom >device
	cp device device.before
	attach device "${@:2}"
}
