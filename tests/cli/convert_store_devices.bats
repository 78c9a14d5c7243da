#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O store to real loop devices, and to a file system that is
# full. Needs root; skips what the machine lacks.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_store
load loop
load convert_devices

# device_with_store BYTES [OPTION...]: sets $loop to a new device that has
# another store on it, and random bytes where that has nothing.
device_with_store() {
	head -c "$1" /dev/urandom >device
	printf '%s\n' 'chunk 512' 'alloc 40 100' 'data pattern' |
		store other
	dd if=other of=device conv=notrunc status=none
	cp device device.before
	attach device "${@:2}"
}

refuses_device() { # STATUS TEXT ARGUMENT...
	refuses_to "$1" "$2" -O store "${@:3}" store origin "$loop"
	sync -d "$loop"
	cmp device device.before
}

@test "a device gets the store, and keeps what is behind" {
	device_with_store 2M
	expect 0 psnap_convert -O store store origin "$loop"
	[[ $output == *$'\n'"output      $loop, 73728 bytes"$'\n'* ]]
	[[ $output == *$'\nnew store   16 exceptions of 4096 bytes\n'* ]]
	sync -d "$loop"
	# Rubbish that looks like no table is none of its business.
	expect 0 psnap_check --data device origin
	shows_the_view device
	# Nothing of the old header, nor behind the end of the table.
	cmp -i 16 -n 4080 device /dev/zero
	cmp -i $((4096 + 256)) -n $((4096 - 256)) device /dev/zero
	# The next area, which is chunk 258, and is 1 MiB into the device.
	cmp -i $((258 * 4096)) -n 4096 device /dev/zero
	cmp -i 73728 -n $((258 * 4096 - 73728)) device device.before
	cmp -i $((259 * 4096)) device device.before
	expect 0 psnap_merge -q "$loop" origin
	cmp origin view
}

@test "a device of just the right size, and one that is too small" {
	device_with_store 73728
	makes store "$loop"
	sync -d "$loop"
	is_clean device
	shows_the_view device
	device_with_store 73216
	refuses_device 8 'needs 73728 bytes, and 73216 are too small'
	refuses_device 16 'a block device, which has a size' --size=1M
}

@test "chunks smaller than a device's sectors are refused" {
	device_with_store 1M --sector-size 4096
	refuses_device 8 'sectors of 4096 bytes' --chunk-size=512
	makes store "$loop" --chunk-size=8K
	sync -d "$loop"
	expect 0 psnap_check --data device origin
	shows_the_view device
	truncate --size=118784 origin
	attach origin --sector-size 4096
	refuses_to 8 'the origin has sectors of 4096 bytes' -O store \
		--chunk-size=2K store "$loop" new
	psnap_convert -q -O store --chunk-size=4K store "$loop" new
}

@test "a device that is in use, or is an input, is refused" {
	device_with_store 8M
	mkfs.ext4 -q -F "$loop"
	sync -d "$loop"
	cp device device.before
	mkdir m
	mount "$loop" m || skip "mounting is not allowed"
	refuses_to 8 "psnap-convert: $loop: " -O store store origin "$loop"
	# A new file there would be one on the input.
	refuses_to 8 'only read' -O store store "$loop" m/new
	umount m
	attach store
	refuses_to 16 'it is the store or the origin' -O store store origin \
		"$loop"
	attach view
	refuses_to 16 'it is view' -f raw -O store origin view "$loop"
	psnap_dump --output=ndjson store >dump
	truncate --size=1M unused
	attach unused
	refuses_to 16 'goes to a file' -f ndjson -O store dump "$loop"
	cmp unused <(head -c 1M /dev/zero)
}

@test "cut anywhere, no kernel takes what is on the device for a store" {
	need_strace
	local call when
	device_with_store 2M
	strace -qq -y -o trace -e trace=pwrite64,fsync "$PSNAP" convert -q \
		-O store --chunk-size=16K store origin "$loop"
	writes=$(grep -c "^pwrite64([0-9]*<$loop" trace)
	grep -oE "^(pwrite64|fsync)\([0-9]+<$loop" trace | cut -d '(' -f 1 |
		uniq >order
	diff -u - order <<-'END'
		pwrite64
		fsync
		pwrite64
		fsync
		pwrite64
		fsync
	END
	first=$(grep -n "^pwrite64([0-9]*<$loop" trace | head -n 1 |
		cut -d : -f 1)
	echo "$writes writes from call $first on"
	((writes >= 3))
	for ((when = first + 1; when < first + writes; when++)); do
		cp device.before device
		blockdev --flushbufs "$loop"
		(strace -qq -o trace -e trace=pwrite64 \
			-e "inject=pwrite64:signal=SIGKILL:when=$when" \
			"$PSNAP" convert -q -O store --chunk-size=16K store \
			origin "$loop" || true) 2>/dev/null
		sync -d "$loop"
		expect 4 psnap_check device
		[[ $output == *version-unknown* ]]
		[[ $output == *'kernel:  refuses'* ]]
		makes store "$loop" --chunk-size=16K
		sync -d "$loop"
		shows_the_view device
	done
	# It says so if it can.
	expect 32 cut_at TERM "pwrite64:when=$first" "$PSNAP" convert -q \
		-O store store origin "$loop"
	[[ $stderr == *'run the same command again to begin anew'* ]]
	expect 8 strace -qq -o trace -e trace=fsync \
		-e inject=fsync:error=EIO:when=2 "$PSNAP" convert -q -O store \
		store origin "$loop"
	[[ $stderr == "psnap-convert: $loop: "*'begin anew' ]]
}

@test "nothing remains where the disk is full" {
	mkdir small
	mount -t tmpfs -o size=256k tmpfs small || skip "no tmpfs"
	later "umount '$PWD/small'"
	printf '%s\n' 'chunk 4K' 'size 2M' 'alloc 0 100' 'data pattern' |
		store store
	head -c 2M /dev/urandom >origin
	psnap_dump --output=ndjson store >dump
	cp origin modified
	dd if=/dev/urandom of=modified bs=1M count=1 conv=notrunc status=none
	for words in 'store origin' '-f raw origin modified' \
		'-f ndjson --data-from=store dump'; do
		# shellcheck disable=SC2086 # several words
		expect 8 psnap_convert -q -O store $words small/new
		[[ $stderr == 'psnap-convert: small/new: '*'no space left'* ]]
		[[ -z $(ls -A small) ]]
	done
}
