#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert: what it says of a conversion, in words and as JSON, and which
# file system it names; and that this never mixes with what it makes.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

@test "the report has the sizes, the format and the segments" {
	pair
	expect 0 psnap_convert -O raw store origin new
	diff -u - <(echo "$output") <<-'END'
		store       store, 1048576 bytes
		origin      origin, 116224 bytes
		file system none known
		format      raw
		output      new, 116224 bytes
		segments    2 of the origin, 2 of the store
	END
	[[ $stderr == *': file system: none known' && $stderr != *$'\n'* ]]
	for format in vmdk dm; do
		expect 0 psnap_convert -O $format store origin $format
		diff -u - <(echo "$output") <<-END
			store       store, 1048576 bytes
			origin      origin, 116224 bytes
			file system none known
			format      $format
			output      $format, $(stat --format=%s $format) bytes
			segments    2 of the origin, 2 of the store
		END
	done
	# To standard output there is nothing but the result.
	expect 0 psnap_convert -O dm store origin -
	[[ $output == "$(<dm)" && $stderr == *'none known'* ]]
	[[ $stderr != *'format '* && $stderr != *'segments '* ]]
	# Nothing can be said where nothing is open.
	psnap_convert -q -O raw store origin new2 >&-
	cmp new2 new
}

@test "the JSON documents follow their schema, and their numbers are right" {
	pair
	for format in raw vmdk dm; do
		psnap_convert --output=json -O $format store origin $format \
			>$format.json
		fits convert $format.json
		jq -e --arg format $format --argjson size \
			"$(stat --format=%s $format)" '.psnap == "convert"
			and .schema_version == 1 and .format == $format
			and .store == {name: "store", size_bytes: 1048576}
			and .origin == {name: "origin", size_bytes: 116224}
			and .file_system == null and .exceptions == 16
			and .output == {name: $format, size_bytes: $size}
			and .segments == {origin: 2, store: 2}
			and .verdict.state == "active"
			and .exit_status == 0' $format.json
	done
	corpus overflow .
	expect 4 psnap_convert --output=json -q -O raw overflow.cow \
		overflow.origin new
	[[ -z $output ]]
	expect 4 psnap_convert --output=json -O raw overflow.cow \
		overflow.origin new
	echo "$output" >refused
	fits convert refused
	jq -e '.output == null and .exit_status == 4 and .format == "raw"
		and .verdict.state == "invalid"' refused
	nothing_remains
}

# file_system LABEL: the snapshot shows one, the origin another that is newer.
file_system_pair() {
	uuid=$(</proc/sys/kernel/random/uuid)
	rm -f old origin
	truncate --size=4M old
	mkfs.ext4 -q -F -U "$uuid" -L "$1" old
	cp old origin
	e2label origin newer
	tune2fs -U clear origin >/dev/null
	printf '%s\n' 'chunk 4K' 'exc 0 2' 'exc 9 3' | store store
	dd if=old of=store bs=4096 count=1 seek=2 conv=notrunc status=none
	dd if=old of=store bs=4096 count=1 skip=9 seek=3 conv=notrunc status=none
}

@test "the file system is named that the snapshot shows, before copying" {
	local text
	file_system_pair 'my root'
	text="ext4, UUID $uuid, label \"my root\""
	expect 0 psnap_convert -O raw store origin new
	[[ $stderr == *": file system: $text" && $stderr != *$'\n'* ]]
	[[ $output == *$'\n'"file system $text"$'\n'* ]]
	expect 0 psnap_convert -O vmdk --output=json store origin vmdk
	echo "$output" >doc
	fits convert doc
	jq -e --arg uuid "$uuid" '.file_system ==
		{type: "ext4", uuid: $uuid, label: "my root"}' doc
	need_strace
	# It is said when nothing has been written yet.
	expect 0 strace -qq -y -o trace -e trace=pwrite64,write \
		"$PSNAP" convert -O raw store origin new2
	said=$(grep -nE -m 1 '^write\(2<.*file system' trace | cut -d : -f 1)
	wrote=$(grep -nE -m 1 '<.*/[.]psnap-' trace | cut -d : -f 1)
	echo "call $said says it, call $wrote writes"
	((said > 0 && said < wrote))
}

@test "a file system without a label, and one with an odd label" {
	file_system_pair ''
	expect 0 psnap_convert -O raw store origin new
	[[ $output == *$'\n'"file system ext4, UUID $uuid"$'\n'* ]]
	[[ $stderr == *"ext4, UUID $uuid" ]]
	rm new
	psnap_convert --output=json -O raw store origin new >doc
	fits convert doc
	jq -e '.file_system.label == null' doc
	rm new
	file_system_pair $'\e[31m"a\\b'
	expect 0 psnap_convert -O raw store origin new
	# Nothing that a terminal would obey.
	[[ "$output$stderr" != *$'\e'* && $output == *', label "'* ]]
	rm new
	psnap_convert --output=json -O raw store origin new >doc
	fits convert doc
	jq -e '.file_system.label == "\u001b[31m\"a\\b"' doc
}

@test "the sample's file system can be read from an image and through a VMDK" {
	local sample=$BATS_TEST_DIRNAME/../sample
	command -v debugfs >/dev/null || skip "no debugfs"
	for name in cow origin; do
		gzip -dc "$sample/$name.img.gz" >$name.img
	done
	expect 0 psnap_convert -O raw cow.img origin.img view.img
	[[ $stderr == *', label "sample"' ]]
	[[ "$(sha256_of view.img)  view" == "$(<"$sample/sum")" ]]
	e2fsck -fn view.img
	need_qemu
	psnap_convert -q -O vmdk cow.img origin.img view.vmdk
	qemu-img convert -f vmdk -O raw view.vmdk again.img
	for image in view.img again.img; do
		[[ $(debugfs -R 'cat /notes.txt' $image) == \
			'The meeting is on Monday.' ]]
		debugfs -R 'ls -p /letters' $image | grep -q /draft.txt/13/
		debugfs -R 'cat /numbers.txt' $image | diff - <(seq 1 2000)
	done
	[[ $(debugfs -R 'cat /notes.txt' origin.img) == \
		'The meeting is cancelled.' ]]
	[[ $(debugfs -R 'ls -p /letters' origin.img) != *draft* ]]
}

@test "--list-formats has a line for each format, of inputs and of outputs" {
	silent 0 psnap_convert --list-formats
	[[ $(grep -cvE '^-[fO] [a-z0-9]+ +[a-zA-Z]' <<<"$output") == 0 ]]
	for word in '-f snapshot' '-f delta' '-f lvmsync' '-O raw' '-O vmdk' \
		'-O dm' '-O qcow2' '-O store' '-O delta' '-O lvmsync'; do
		[[ $(grep -c -e "^$word " <<<"$output") == 1 ]]
	done
	[[ $(wc -L <<<"$output") -le 80 ]]
}

@test "-q prints nothing, and progress never mixes with the image" {
	pair
	remember
	makes raw quiet
	for when in auto bar json none; do
		psnap_convert --progress=$when -O raw store origin - >out 2>err
		cmp out view
		grep -q 'none known' err
	done
	psnap_convert --progress=json -O raw store origin new >out 2>err
	grep '^{' err | jq -e .progress
}
