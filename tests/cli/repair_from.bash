# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of psnap repair --from share: dumps, the loss of what was
# dumped, and its return. Goes on top of merge.bash.

# shellcheck disable=SC2154 # run sets stderr

restore() {
	"$PSNAP" repair --from "$@"
}

# dump OPTION...: that of store, to the file dump; it is kept as store.sound.
dump() {
	psnap_dump --output=ndjson "$@" store >dump
	cp store store.sound
}

# wipe FILE [BYTE]: header and areas of the table that was dumped.
wipe() {
	local chunk stride last i
	read -r chunk stride < <(jq -r 'select(.type == "header").geometry |
		"\(.chunk_size_bytes) \(.exceptions_per_area + 1)"' dump)
	last=$(jq -r 'select(.type == "end").table.last_area' dump)
	for ((i = -1; i <= last; i++)); do
		head -c "$chunk" /dev/zero | tr '\0' "${2:-\\0}" |
			dd of="$1" bs="$chunk" seek=$((i < 0 ? 0 : 1 + i * stride)) \
				conv=notrunc status=none
	done
}

# refuses STATUS TEXT OPTION...: and the store is not touched.
refuses() {
	local want=$1 text=$2 before
	shift 2
	before=$(state_of store)
	expect "$want" restore "$@" --no-undo store
	[[ $stderr == *"$text"* && $(state_of store) == "$before" ]]
}

# comes_back: from the dump; and then there is nothing to do.
comes_back() {
	silent 1 restore dump -p --no-undo store
	cmp store store.sound
	silent 0 restore dump -p --no-undo store
	[[ $output == *'nothing to do'* ]]
	cmp store store.sound
}

# A store of 16 exceptions in 2 runs, with data.
small() {
	printf '%s\n' 'chunk 4K' 'size 1M' 'exc 3 2 11' 'exc 24 20 5' \
		'data pattern' | store store
}
