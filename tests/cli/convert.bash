# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap convert share: pairs of every chunk size, readers of
# what it wrote that are not psnap's own, and what each run has to leave as it
# was. Goes on top of merge.bash.

# shellcheck disable=SC2154,SC2034 # run sets stderr, the tests use view

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

# blocks FILE: how many sectors it takes on its file system.
blocks() {
	stat --format='%b' "$1"
}
