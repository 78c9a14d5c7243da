# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap convert --salvage share: what is to come of it, in the
# file wanted, and in the map. Goes on top of convert.bash.

# shellcheck disable=SC2154 # the tests set with

# wants START LENGTH FILE [OFFSET]: in the file wanted there stands what FILE
# has, at the same place unless told otherwise.
wants() {
	dd if="$3" of=wanted bs=64K iflag=skip_bytes,count_bytes \
		oflag=seek_bytes seek="$1" count="$2" skip="${4:-$1}" \
		conv=notrunc status=none
}

# map_of "STATUS BYTES"...: the blocks of the map filled.map.
map_of() {
	map wanted.map "$@"
	diff -u <(grep -v '^#' wanted.map) <(grep -v '^#' filled.map)
	if command -v ddrescuelog >/dev/null; then
		ddrescuelog -t filled.map >said
		cat said
	fi
}

# salvages STATUS OPTION...: new is the file wanted, whatever way it is made.
salvages() {
	local want=$1 before
	shift
	rm -f filled.map
	before=$(state_of store origin)
	expect "$want" "${with[@]}" "$PSNAP" convert -O raw --salvage \
		--filled-map=filled.map "$@" store origin new
	cmp new wanted
	rm new
	"${with[@]}" "$PSNAP" convert -q -O raw --salvage "$@" store origin - \
		>piped || [[ $? == "$want" ]]
	cmp piped wanted
	[[ $(state_of store origin) == "$before" ]]
	[[ -z $(compgen -G '.psnap-*') ]]
}
