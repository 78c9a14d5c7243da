# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What QEMU says of a qcow2.

# is_the_view IMAGE: QEMU has nothing against it, and sees the file view.
is_the_view() {
	qemu-img check -q -f qcow2 "$1"
	qemu-img compare -q -f qcow2 -F raw "$1" view
}

# info IMAGE FILTER: something of what QEMU knows of an image.
info() {
	qemu-img info --output=json -f qcow2 "$1" | jq -r "$2"
}

# Bytes of the image that the disk has allocated, not from the backing file.
stored() {
	qemu-img map --output=json -f qcow2 "$1" |
		jq '[.[] | select(.depth == 0 and .present) | .length] | add // 0'
}
