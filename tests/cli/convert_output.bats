#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert: OUTPUT is never what exists or goes in, what fails leaves
# nothing behind, and a file that was to be replaced stays until there is a
# whole new one.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# --- where it goes -------------------------------------------------------------

@test "what exists is not replaced, whatever it is" {
	local before
	pair
	name=psnap-convert
	echo text >file
	mkdir directory
	mkfifo fifo
	ln -s nowhere dangling
	ln -s file link
	before=$(state_of store origin)
	for format in $formats; do
		for file in file directory fifo dangling link store origin \
			/dev/null; do
			refused "$file exists" "$PSNAP" convert -O "$format" \
				store origin "$file"
		done
		# --force is about files.
		for file in directory fifo dangling /dev/null; do
			expect 8 "$PSNAP" convert --force -O "$format" store \
				origin "$file"
			[[ -z $output && $stderr == *"psnap-convert: $file: "* ]]
		done
	done
	[[ $(<file) == text && ! -e nowhere && -d directory && -p fifo ]]
	[[ -L dangling && -c /dev/null ]]
	[[ $(state_of store origin) == "$before" ]]
	nothing_remains
}

@test "an output that is the store or the origin is never written to" {
	local before
	pair
	for file in store origin; do
		ln $file $file.hard
		ln -s $file $file.link
	done
	before=$(state_of store origin)
	for format in $formats; do
		for file in store ./store store.hard store.link origin \
			origin.hard origin.link "$PWD/origin"; do
			expect 16 psnap_convert -O "$format" store origin "$file"
			[[ -z $output ]]
			expect 8 psnap_convert --force -O "$format" store \
				origin "$file"
			[[ -z $output && $stderr == *'an input'* ]]
			[[ $(state_of store origin) == "$before" ]]
		done
	done
	nothing_remains
}

@test "a standard output that is the store or the origin is refused" {
	pair
	into() {
		local file=$1
		shift
		"$@" 1<>"$file"
	}
	onto() {
		local file=$1
		shift
		"$@" >>"$file"
	}
	for file in store origin; do
		for format in $formats; do
			for way in into onto; do
				for out in - new; do
					untouched $file $way $file "$PSNAP" \
						convert -O "$format" store \
						origin $out
					((status == 8))
					[[ $stderr == *'standard output: it is '"$file"' itself'* ]]
				done
			done
		done
	done
	nothing_remains
}

@test "a disk image is not printed on a terminal" {
	command -v script >/dev/null || skip "no script"
	pair
	on_screen() {
		script -q -e -c "'$PSNAP' convert -q -O $1 store origin -" \
			screen >/dev/null
	}
	expect 16 on_screen raw
	grep -q 'terminal' screen
	(($(stat --format=%s screen) < 1000))
	expect 0 on_screen dm
	grep -q ' linear ' screen
}

@test "a place where nothing can be created is a failure" {
	pair
	for format in $formats; do
		for file in missing/new store/new directory/; do
			refuses_to 8 "psnap-convert: $file: " -O "$format" \
				store origin $file
		done
	done
	need_file_modes
	mkdir closed
	chmod 555 closed
	expect 8 unprivileged "$PSNAP" convert -O raw store origin closed/new
	[[ $stderr == *'psnap-convert: closed/new: '* ]]
}

# --- failures ------------------------------------------------------------------

@test "standard output that is closed, full or a broken pipe is a failure" {
	local rc
	# More than a pipe holds.
	printf '%s\n' 'chunk 512' 'scatter 9000 20000 7' 'data pattern' |
		store store
	head -c 10240000 /dev/urandom >origin
	for format in $formats; do
		rc=$(
			set +e
			psnap_convert -q -O "$format" store origin - 2>err |
				head -c 1 >first
			echo "${PIPESTATUS[0]}"
		)
		echo "$format: $rc, $(<err)"
		((rc == 8))
		[[ $(stat --format=%s first) == 1 ]]
		complains 8 'psnap-convert: standard output: no space left on device' \
			to_full psnap_convert -q -O "$format" store origin -
		complains 8 'psnap-convert: standard output: it is closed' \
			closed psnap_convert -q -O "$format" store origin -
	done
	nothing_remains
	complains 8 'psnap-convert: standard output: no space left on device' \
		to_full psnap_convert --list-formats
}

@test "a report that cannot be printed is a failure, the file is there" {
	pair
	remember
	for format in $formats; do
		expect 8 to_full psnap_convert -O "$format" store origin "$format"
		[[ $stderr == *'psnap-convert: standard output: no space left on device' ]]
	done
	cmp raw view
	dm_shows dm | cmp - view
}

@test "if it fails nothing remains, and the old file if there was one" {
	need_strace
	local call
	pair
	head -c 3M /dev/urandom >>origin
	for call in pwrite64:error=ENOSPC pwrite64:error=EIO \
		ftruncate:error=EFBIG; do
		first_call "${call%%:*}" '.*/[.]psnap-' -O raw store origin out
		fails_to_make "$call:when=$nth" -O raw store origin
		[[ $call == ftruncate* ]] || fails_to_make "$call:when=$((nth + 2))" -O raw store origin
		rm out
	done
	for call in fsync:error=EIO:when=1 \
		rename,renameat,renameat2:error=EIO:when=1; do
		fails_to_make $call -O raw store origin
	done
	for call in write:error=ENOSPC:when=1 fsync:error=EIO:when=1 \
		rename,renameat,renameat2:error=EIO:when=1; do
		fails_to_make $call -O vmdk store origin
		fails_to_make $call -O dm store origin
	done
}

@test "if it is interrupted nothing remains, and the old file if there was one" {
	need_strace
	local before when
	long_pair
	before=$(state_of store origin)
	echo old >old
	first_call pwrite64 '.*/[.]psnap-' -O raw store origin out
	echo "write $nth is the first to the file"
	for signal in INT TERM; do
		for when in 1 "$nth" $((nth + 9)); do
			expect 32 cut_at $signal "pwrite64:when=$when" \
				"$PSNAP" convert -q -O raw store origin new
			[[ -z $output && $stderr != *$'\n'* ]]
			[[ $stderr == *': interrupted; '* ]]
			nothing_remains
			expect 32 cut_at $signal "pwrite64:when=$when" \
				"$PSNAP" convert -q --force -O raw store \
				origin old
			[[ $(<old) == old ]]
			nothing_remains
		done
		# While the table is read, too.
		expect 32 cut_at $signal pread64:when=20 \
			"$PSNAP" convert -q -O dm store origin new
		nothing_remains
		# Half an image in a pipe cannot be taken back, but is told.
		to_file() {
			"$@" >half
		}
		expect 32 to_file cut_at $signal write:when=3 \
			"$PSNAP" convert -q -O raw store origin -
		[[ $stderr == *interrupted* ]]
		(($(stat --format=%s half) < 16383000))
	done
	[[ $(state_of store origin) == "$before" ]]
}
