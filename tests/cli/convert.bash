# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap convert share: pairs of every chunk size, readers of
# what it wrote that are not psnap's own, and what each run has to leave as it
# was. Goes on top of merge.bash.

# shellcheck disable=SC2154,SC2034 # run sets stderr, the tests use view

# What every pair can be made to.
formats='raw vmdk dm'

# makes FORMAT OUTPUT [OPTION...]: the pair store and origin is converted, no
# word is said, and neither file changes.
makes() {
	local format=$1 output_name=$2 before
	shift 2
	before=$(state_of store origin)
	silent 0 psnap_convert -q -O "$format" "$@" store origin "$output_name"
	[[ -z $output && $(state_of store origin) == "$before" ]]
}

# refuses_to STATUS TEXT ARGUMENTS...: it ends so, says TEXT on standard error
# and nothing else anywhere, neither file changes, and nothing new remains.
refuses_to() {
	local want=$1 text=$2 before
	shift 2
	before=$(state_of store origin)
	expect "$want" psnap_convert "$@"
	[[ -z $output && $stderr == *"$text"* ]]
	[[ $(state_of store origin) == "$before" ]]
	nothing_remains
}

# Nothing called new, and nothing under a temporary name.
nothing_remains() {
	[[ -z $(find . -name '*new*' -o -name '.psnap*') ]]
}

# flip FILE OFFSET: this byte becomes another one.
flip() {
	perl -e '
		open my $file, "+<:raw", $ARGV[0] or die;
		seek $file, $ARGV[1], 0 or die;
		read($file, my $byte, 1) == 1 or die;
		seek $file, $ARGV[1], 0 or die;
		print $file chr(255 ^ ord $byte);
		close $file or die;' "$1" "$2"
}

# The command with a standard output that nothing can be written to.
to_full() {
	"$@" >/dev/full
}
closed() {
	"$@" >&-
}

# random_pairs COMMAND...: for pairs of many exceptions in disorder, with what
# they show in the file view. The origin ends in the middle of a chunk that has
# an exception, the store in the middle of a chunk.
random_pairs() {
	local line chunk count chunks tail
	for line in '512 300 900 512' '4096 200 700 512' '4096 60 700 3584' \
		'65536 30 90 33280' '65536 20 90 65536'; do
		read -r chunk count chunks tail <<<"$line"
		echo "# $line"
		printf '%s\n' "chunk $chunk" "alloc $((chunks - 1))" \
			"scatter $count $((chunks - 1)) $count 3" \
			'data pattern' | store store
		truncate --size=+300 store
		head -c $(((chunks - 1) * chunk + tail)) /dev/urandom >origin
		remember
		"$@"
	done
}

# dm_shows TABLE: what a kernel shows that has loaded this table.
dm_shows() {
	local start length target device offset rest next=0
	while read -r start length target device offset rest; do
		[[ $target == linear && -z $rest ]] || return 1
		((start == next && length > 0)) || return 1
		dd if="$device" bs=64K iflag=skip_bytes,count_bytes \
			skip=$((offset * 512)) count=$((length * 512)) \
			status=none </dev/null || return 1
		next=$((start + length))
	done <"$1"
}

# vmdk_shows FILE DISK: QEMU sees the contents of FILE in a VMDK.
need_qemu() {
	command -v qemu-img >/dev/null || skip "no qemu-img"
	ulimit -Sn "$(ulimit -Hn)"
}
vmdk_shows() {
	qemu-img compare -q -f vmdk -F raw "$2" "$1" || return 1
	qemu-img convert -f vmdk -O raw "$2" converted || return 1
	# QEMU counts in sectors.
	cmp converted "$1" || return 1
	rm converted
}

# first_call CALL PATTERN ARGUMENTS...: the first time that psnap convert makes
# this system call with a file whose path matches, in $nth; it looks at a copy
# of the view's ends in memory before.
first_call() {
	local call=$1 pattern=$2
	shift 2
	expect 0 strace -qq -y -o trace -e "trace=$call" \
		"$PSNAP" convert -q "$@"
	nth=$(grep -nE -m 1 "^[a-z0-9]+\([0-9]+<$pattern" trace | cut -d : -f 1)
	((nth > 0))
}

# A pair in which zeros and a hole of the store hide what the origin has.
hiding_pair() {
	pair
	# No zero anywhere.
	tr '\0' x <origin >other
	mv other origin
	# Chunks 3 to 5 are written zeros, 6 to 8 a hole.
	dd if=/dev/zero of=store bs=4096 seek=2 count=3 conv=notrunc status=none
	fallocate --punch-hole --offset=$((5 * 4096)) --length=$((3 * 4096)) \
		store || skip "no holes here"
	remember
}

# A pair of holes: an origin of 16 GiB that has 116224 bytes at its start, and
# a store of 41 MB of chunks that has nothing but 160 KB of table.
sparse_pair() {
	pair
	truncate --size=16G origin
	printf '%s\n' 'chunk 4K' 'alloc 1000 10000' | store store
	(($(blocks origin) < 1000 && $(blocks store) < 1000)) ||
		skip "no holes here"
}

# bytes_read_to ARGUMENTS...: how many bytes it reads to make this, in $bytes.
bytes_read_to() {
	silent 0 strace -qq -f -o trace -e trace=pread64,preadv,read,mmap \
		"$PSNAP" convert -q "$@"
	bytes=$(sed -n 's/^[0-9]* *p\?read.* = \([0-9]*\)$/\1/p' trace |
		awk '{ n += $1 } END { print n + 0 }')
	echo "$bytes bytes"
}

# fails_to_make CALL ARGUMENTS...: anew, of the pair, with that system call
# failing; it leaves no file, or the old one.
fails_to_make() {
	local call=$1 force before
	shift
	for force in '' --force; do
		[[ -z $force ]] || echo old >anew
		before=$(state_of store origin)
		# shellcheck disable=SC2086 # no word on purpose
		expect 8 strace -qq -f -o trace -e "trace=${call%%:*}" \
			-e "inject=$call" "$PSNAP" convert -q $force "$@" anew
		[[ -z $output && $stderr == 'psnap-convert: anew: '* ]]
		[[ $stderr != *$'\n'* ]]
		[[ $(state_of store origin) == "$before" ]]
		if [[ -n $force ]]; then
			[[ $(<anew) == old ]]
			rm anew
		fi
		nothing_remains
	done
}
