#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O qcow2 of disks as large as QEMU takes: clusters are large
# enough, and chunks are where they belong.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert
load convert_qcow2

teardown() {
	[[ -z ${large:-} ]] || rm -rf "$large"
}

# large SIZE CHUNK: a pair of a disk of that size where a file can be that
# large, which is not so on ext4 beyond 16 TiB. The first and the last chunks are
# in the store, the origin has something in the middle.
large() {
	size=$(numfmt --from=iec "$1") chunk=$(numfmt --from=iec "$2")
	if ! truncate --size="$size" origin 2>/dev/null; then
		large=$(mktemp -d /dev/shm/psnap-test.XXXXXX) ||
			skip "no file of $1 here"
		cd "$large" || return 1
		truncate --size="$size" origin 2>/dev/null ||
			skip "no file of $1 here"
	fi
	chunks=$((size / chunk)) middle=$((size / chunk / 2))
	printf '%s\n' "chunk $2" 'alloc 0 2' "alloc $((chunks - 3)) 3" \
		'data pattern' | store store
	head -c $((2 * chunk)) /dev/urandom |
		dd of=origin bs="$chunk" seek=$middle conv=notrunc status=none
	(($(blocks origin) < 1000)) || skip "no holes here"
}

# chunk_of IMAGE NUMBER: what QEMU reads there.
chunk_of() {
	qemu-img convert -O raw --image-opts "driver=raw,size=$chunk,$(
	)offset=$(($2 * chunk)),file.driver=qcow2,$(
	)file.file.driver=file,file.file.filename=$1" part
	cat part
	rm part
}

# pattern NUMBER: what mkstore writes into that chunk. Each command of a loop
# here would be traced by bats.
pattern() {
	perl -e 'printf "chunk %016x %08x\n", $ARGV[0], 32 * $_
		for 0 .. $ARGV[1] / 32 - 1' "$1" "$chunk"
}

# shows IMAGE: these chunks, and nothing where there is nothing.
shows_large() {
	qemu-img check -q -f qcow2 "$1"
	[[ $(info "$1" '."virtual-size"') == "$size" ]]
	(($(stat --format=%s "$1") < 100 << 20))
	for n in 0 1 $((chunks - 3)) $((chunks - 2)) $((chunks - 1)); do
		pattern "$n" >want
		chunk_of "$1" "$n" | cmp - want
	done
	for n in 2 $((middle - 1)) $middle $((middle + 1)) $((middle + 2)) \
		$((chunks - 4)); do
		dd if=origin bs="$chunk" skip="$n" count=1 status=none >want
		chunk_of "$1" "$n" | cmp - want
	done
}

@test "a disk of 64 TiB has its first and its last chunk where they belong" {
	need_qemu
	local options
	large 64T 64K
	for options in '' --compress --standalone '--standalone --compress' \
		--cluster-size=2M '--standalone --cluster-size=16K'; do
		echo "# $options"
		# shellcheck disable=SC2086 # several words
		psnap_convert -q -O qcow2 $options store origin new.qcow2
		shows_large new.qcow2
		rm new.qcow2
	done
}

@test "clusters become larger than the chunks where QEMU needs that" {
	need_qemu
	local line size chunk fit
	# The table of the first level has 4194304 entries at most.
	for line in '128G 512 512' '129G 512 1024' '8T 4K 4096' \
		'9T 4K 8192' '9T 512 8192'; do
		echo "# $line"
		read -r size chunk fit <<<"$line"
		large "$size" "$chunk"
		expect 0 psnap_convert -O qcow2 store origin new.qcow2
		[[ $(info new.qcow2 '."cluster-size"') == "$fit" ]]
		if ((fit > chunk)); then
			[[ $stderr == *"new.qcow2: with clusters of $chunk bytes QEMU could not open the image; they have $fit bytes"* ]]
			expect 16 psnap_convert -O qcow2 \
				--cluster-size="$chunk" store origin new2
			[[ $stderr == *"--cluster-size=$chunk: too small"*"smallest that will do is $fit"* ]]
			[[ ! -e new2 ]]
		else
			[[ $stderr != *'with clusters'* ]]
		fi
		shows_large new.qcow2
		rm new.qcow2
		psnap_convert -q -O qcow2 --cluster-size="$fit" store origin \
			new.qcow2
		shows_large new.qcow2
		rm new.qcow2
		# If all of the disk were stored, the counts need more.
		expect 16 psnap_convert -O qcow2 --standalone \
			--cluster-size="$((fit / 2 < 512 ? 512 : fit / 2))" \
			store origin new2
		[[ $stderr == *'too small'* ]]
	done
}
