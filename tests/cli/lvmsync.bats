#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# psnap convert -O lvmsync and -f lvmsync, against a few lines of Perl that write
# and apply such streams as lvmsync does: a line, then for each range its offset
# and length, big-endian, and its bytes.

# run sets stderr, refused reads name; bats runs each test in a subshell.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helpers
load merge
load convert

# apply STREAM DEVICE: what lvmsync --apply does.
apply() {
	perl -e '
		use strict;
		open my $in, "<:raw", $ARGV[0] or die;
		open my $out, "+<:raw", $ARGV[1] or die;
		my $line = <$in>;
		die "handshake" unless $line eq "lvmsync PROTO[3]\n";
		while (read $in, my $head, 12) {
			my ($offset, $length) = unpack "Q>N", $head;
			seek $out, $offset, 0 or die;
			my $got = read $in, my $data, $length;
			die "short" unless $got == $length;
			print $out $data or die;
		}
		close $out or die;' "$1" "$2"
}

# changes FILE CHUNK_BYTES: what lvmsync --stdout writes, of the chunks whose
# numbers are on standard input, as they are in FILE.
changes() {
	perl -e '
		use strict;
		my ($file, $size) = @ARGV;
		open my $from, "<:raw", $file or die;
		binmode STDOUT;
		print "lvmsync PROTO[3]\n";
		while (<STDIN>) {
			seek $from, $_ * $size, 0 or die;
			my $got = read $from, my $data, $size;
			print pack("Q>N", $_ * $size, $got), $data;
		}' "$1" "$2"
}


applies_both_ways() {
	makes lvmsync stream
	cp origin device
	apply stream device
	cmp device view
	# What lvmsync itself sends: from the snapshot to the origin.
	makes lvmsync reverse --reverse
	cp view device
	apply reverse device
	cmp device origin
	psnap_convert -q -f lvmsync -O raw stream origin new
	cmp new view
	psnap_convert -q -f lvmsync -O raw reverse view - | cmp - origin
	rm stream reverse new
}

@test "what psnap writes is applied by others, and read by psnap" {
	random_pairs applies_both_ways
}

@test "what others write is applied, in whatever order" {
	pair
	remember
	seq 3 13 | changes view 4096 >stream
	seq 28 -1 24 | changes view 4096 | tail -c +18 >>stream
	silent 0 psnap_convert -q -f lvmsync -O raw stream origin new
	cmp new view
	silent 0 psnap_convert -q -f lvmsync -O store stream origin again
	[[ $(view_sum again origin) == "$(sum_of view)" ]]
	# A delta of it knows more about itself.
	silent 0 psnap_convert -q -f lvmsync -O delta stream origin delta.1
	psnap_convert -q -f delta -O raw delta.1 origin - | cmp - view
}

@test "a stream is refused that was cut, or belongs to another device" {
	pair
	remember
	seq 3 13 | changes view 4096 >stream
	size=$(stat --format=%s stream)
	for cut in 1 4095 4096 4107; do
		head -c $((size - cut)) stream >bad
		refuses_to 4 'was cut' -f lvmsync -O raw bad origin new
	done
	# Between two ranges nobody can tell.
	head -c $((size - 4108)) stream >bad
	silent 0 psnap_convert -q -f lvmsync -O raw bad origin part
	truncate --size=50000 origin
	refuses_to 4 'was made of a larger device' -f lvmsync -O raw stream \
		origin new
	cp origin.before origin
	seq 3 4 | changes view 4096 >bad
	seq 4 5 | changes view 4096 | tail -c +18 >>bad
	refuses_to 4 'byte 16384 of the origin twice' -f lvmsync -O raw bad \
		origin new
	sed '1s/3/2/' stream >bad
	refuses_to 4 'not of its protocol 3' -f lvmsync -O raw bad origin new
	for bad in origin store /dev/null; do
		cp "$bad" bad
		refuses_to 4 'no stream of lvmsync' -f lvmsync -O raw bad \
			origin new
	done
}

@test "options that a stream of lvmsync has no use for" {
	pair
	makes lvmsync stream
	name=psnap-convert
	refused --resume psnap_convert -O lvmsync --resume stream store origin new
	refused --force-origin psnap_convert -f lvmsync --force-origin -O raw \
		stream origin new
	refused vmdk psnap_convert -f lvmsync -O vmdk stream origin new
}
