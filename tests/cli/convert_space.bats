#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O raw: what becomes of zeros, which blocks are shared and which
# are given back. Devices and mounts need root; what the machine lacks is
# skipped.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load loop

# A pair of 8 MiB whose view has zeros of several lengths: holes, and written.
zeros() {
	local length
	printf '%s\n' 'chunk 4K' 'exc 3 2 11' 'data pattern' | store store
	truncate --size=8M origin
	for length in 1 2 8 16 64 256; do
		dd if=/dev/urandom of=origin bs=4096 count=1 conv=notrunc \
			seek=$((64 + 2 * length)) status=none
	done
	# Written zeros from chunk 800 on, up to the one before 1100.
	dd if=/dev/zero of=origin bs=4096 seek=800 count=300 conv=notrunc \
		status=none
	dd if=/dev/urandom of=origin bs=512 seek=$((900 * 8 + 3)) count=1 \
		conv=notrunc status=none
	remember
}

@test "blocks of zeros become holes, of the size that is asked for" {
	local size before
	cd "$BATS_TEST_TMPDIR" || return
	zeros
	(($(blocks origin) < 8000)) || skip "no holes here"
	before=0
	# A larger block is zero less often.
	for size in 512 4K 8K 64K 1M; do
		makes raw new -S $size
		cmp new view
		echo "$size: $(blocks new)"
		(($(blocks new) >= before))
		before=$(blocks new)
		rm new
	done
	# In 1100 - 800 chunks one block of each size has something: 64 KiB hold
	# 16 chunks more than one of 4 KiB.
	makes raw small -S 4096
	makes raw large --sparse-size=64K
	(($(blocks large) - $(blocks small) >= 15 * 8))
	makes raw default
	[[ $(blocks default) == "$(blocks small)" ]]
}

@test "-S 0 leaves no hole" {
	cd "$BATS_TEST_TMPDIR" || return
	zeros
	makes raw new -S 0
	cmp new view
	echo "$(blocks new) blocks"
	(($(blocks new) >= 16384))
	need_strace
	# A file system that cannot reserve gets the zeros.
	expect 0 strace -qq -o trace -e trace=fallocate \
		-e inject=fallocate:error=EOPNOTSUPP \
		"$PSNAP" convert -q -O raw -S 0 store origin new2
	cmp new2 view
	(($(blocks new2) >= 16384))
	rm new new2
	for error in ENOSPC EIO; do
		expect 8 strace -qq -o trace -e trace=fallocate \
			-e inject=fallocate:error=$error \
			"$PSNAP" convert -q -O raw -S 0 store origin new
		[[ $stderr == 'psnap-convert: new: '* ]]
		nothing_remains
	done
	empty_store store
	: >origin
	makes raw empty -S 0
	[[ -e empty && ! -s empty ]]
}

@test "what -S and its neighbours refuse" {
	cd "$BATS_TEST_TMPDIR" || return
	pair
	name=psnap-convert
	for size in '' x 1 511 513 3000 12K 2M 1G -1; do
		refused sparse-size "$PSNAP" convert -O raw -S "$size" store \
			origin new
	done
	refused 'no holes' "$PSNAP" convert -O raw -S 4K store origin -
	refused 'no block device' "$PSNAP" convert -O raw --discard store \
		origin -
	refused 'no block device' "$PSNAP" convert -O raw --discard store \
		origin new
	for format in vmdk dm; do
		for option in --sparse-size=4K --discard; do
			refused "${option%%=*}: only raw" "$PSNAP" convert \
				-O $format $option store origin new
		done
	done
	nothing_remains
}

@test "--no-clobber is the default, and the last word counts" {
	cd "$BATS_TEST_TMPDIR" || return
	pair
	remember
	name=psnap-convert
	echo old >old
	refused 'old exists' "$PSNAP" convert -O raw --no-clobber store origin \
		old
	refused 'old exists' "$PSNAP" convert -O raw --force --no-clobber \
		store origin old
	[[ $(<old) == old ]]
	makes raw new --no-clobber
	cmp new view
	makes raw old --no-clobber --force
	cmp old view
}

@test "a tag is no name for OUTPUT" {
	cd "$BATS_TEST_TMPDIR" || return
	pair
	remember
	name=psnap-convert
	for tag in UUID=new LABEL=new PARTUUID=new PARTLABEL=new; do
		for format in raw vmdk dm; do
			refused "a file ./$tag" "$PSNAP" convert -O $format \
				store origin $tag
		done
	done
	nothing_remains
	makes raw ./LABEL=x
	cmp ./LABEL=x view
	# No tag, only a name.
	makes raw label=x
	cmp label=x view
}

@test "what a file system can share is not copied" {
	command -v mkfs.btrfs >/dev/null || skip "no mkfs.btrfs"
	loop_setup
	truncate --size=300M disk
	mkfs.btrfs -q disk >/dev/null 2>&1 || skip "mkfs.btrfs fails"
	attach disk
	mkdir mnt
	mount "$loop" mnt || skip "no btrfs here"
	later "umount $PWD/mnt"
	local before grew
	# Long runs, single chunks, and an end in the middle of a block.
	printf '%s\n' 'chunk 4K' 'exc 100 2 200' 'exc 2000 300 60' \
		'exc 5000 700' 'exc 5002 701' 'data pattern' | store mnt/store
	head -c $((64 * 1048576 + 1000)) /dev/urandom >mnt/origin
	fallocate --punch-hole --offset=8M --length=4M mnt/origin
	"${PSNAP%/*}/tests/view" mnt/store mnt/origin >view
	sync -f mnt
	before=$(df --output=used -k mnt | tail -n 1)
	for image in new shared; do
		expect 0 psnap_convert -q -O raw mnt/store mnt/origin \
			mnt/$image
		cmp mnt/$image view
	done
	sync -f mnt
	grew=$(($(df --output=used -k mnt | tail -n 1) - before))
	echo "$grew KiB more for two images of 60 MiB"
	((grew < 8192))
	# They are two things all the same.
	dd if=/dev/zero of=mnt/origin bs=1M count=3 conv=notrunc status=none
	dd if=/dev/zero of=mnt/store bs=1M conv=notrunc count=1 status=none
	cmp mnt/shared view
	# Not where something else is asked for.
	head -c 20M /dev/urandom >mnt/origin
	empty_store mnt/store
	sync -f mnt
	before=$(df --output=used -k mnt | tail -n 1)
	expect 0 psnap_convert -q -O raw -S 0 mnt/store mnt/origin mnt/whole
	cmp mnt/whole mnt/origin
	sync -f mnt
	grew=$(($(df --output=used -k mnt | tail -n 1) - before))
	((grew >= 20000))
	# If sharing fails half-way the rest is copied.
	need_strace
	expect 0 strace -qq -o trace -e trace=ioctl \
		-e inject=ioctl:error=EIO:when=2+ "$PSNAP" convert -q -O raw \
		mnt/store mnt/origin mnt/part
	cmp mnt/part mnt/origin
}

@test "--discard gives back what is zero, and the rest is written" {
	loop_setup
	zeros
	head -c 9M /dev/urandom >device
	cp device before
	attach device
	makes raw "$loop" --discard
	sync -d "$loop"
	cmp -n $((8 << 20)) device view
	cmp -i $((8 << 20)) device before
	echo "$(blocks device) blocks"
	(($(blocks device) < 4096)) || skip "no holes here"
	# Of blocks of 1 MiB fewer are zero.
	local small
	small=$(blocks device)
	cp before device
	blockdev --flushbufs "$loop"
	makes raw "$loop" --discard -S 1M
	sync -d "$loop"
	cmp -n $((8 << 20)) device view
	(($(blocks device) > small))
	# A device that cannot do it gets zeros.
	need_strace
	cp before device
	blockdev --flushbufs "$loop"
	expect 0 strace -qq -o trace -e trace=fallocate \
		-e inject=fallocate:error=EOPNOTSUPP "$PSNAP" convert -q \
		-O raw --discard store origin "$loop"
	grep -q INJECTED trace
	sync -d "$loop"
	cmp -n $((8 << 20)) device view
	# One that fails says so.
	expect 8 strace -qq -o trace -e trace=fallocate \
		-e inject=fallocate:error=EIO "$PSNAP" convert -q \
		-O raw --discard store origin "$loop"
	[[ $stderr == "psnap-convert: $loop: "*' a part of it is on the device'* ]]
}

@test "a table keeps a name of device-mapper, and follows other links" {
	loop_setup
	local node=/dev/dm-987654 link=/dev/mapper/psnap-test-$$
	[[ ! -e $node && -d /dev/mapper ]] || skip "no place for a name"
	truncate --size=1M origin
	printf '%s\n' 'chunk 4K' 'exc 3 2' | store store
	attach origin
	mknod "$node" b "$((0x$(stat --format=%t "$loop")))" \
		"$((0x$(stat --format=%T "$loop")))" || skip "no nodes here"
	later "rm $node"
	ln -s ../dm-987654 "$link"
	later "rm $link"
	ln -s "$link" elsewhere
	psnap_convert -q -O dm --store-device=s store "$link" table
	grep -q "linear $link 0" table
	psnap_convert -q -O vmdk store "$link" table.vmdk
	grep -q "FLAT \"$link\" 0" table.vmdk
	psnap_convert -q -O dm --store-device=s store elsewhere table2
	grep -q "linear $node 0" table2
}

@test "an origin of no bytes has an image and no table" {
	cd "$BATS_TEST_TMPDIR" || return
	empty_store store
	: >origin
	for format in vmdk dm; do
		refuses_to 8 'psnap-convert: origin: it is empty, so there is nothing that a '"$format"' could name' \
			-O $format store origin new
	done
	remember
	makes raw new
}
