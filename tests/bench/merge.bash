# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Section merge: psnap merge, cold and with its flushes, against dd of as many
# bytes, against what a user would use instead, with an undo file, and over a
# slow store. See README.md for what the columns mean.
#
# STORE and ORIGIN are what is being merged: the files, or loop devices of them.

MERGE_OTHERS=(qemu cp nbdcopy chunks)

# Origin of four times the data, store, overlay, copy, undo file, and some.
merge_disk_mib() {
	echo $((MERGE_MIB * 9 + 64))
}

# A merge empties the table and leaves the data: put the table back. The meta
# file is the same store with holes for data, and holes are not written.
reset_store() {
	dd if="$WORK/meta" of="$STORE" bs="$CHUNK" conv=sparse,notrunc \
		status=none
}

# flushed FILE COMMAND...: with the flush of FILE in the time.
flushed() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	timed sh -c '"$@" && sync "$0"' "$@"
}

merge_limit() {
	timed dd if="$STORE" of="$ORIGIN" bs=4M count=$((MERGE_MIB / 4)) \
		conv=notrunc,fsync status=none
}

merge_ref() {
	timed "$B/bench/merge_ref" "$STORE" "$ORIGIN"
}

merge_psnap() {
	timed "$PSNAP" merge --quiet "$STORE" "$ORIGIN"
	((PEAK_KIB <= PEAK_MAX_KIB)) || PEAK_MAX_KIB=$PEAK_KIB
}

merge_undo() {
	rm -f "$WORK/undo"
	sync
	timed "$PSNAP" merge --quiet --undo="$WORK/undo" "$STORE" "$ORIGIN"
}

merge_chunks() {
	timed "$B/bench/merge_loop" copy "$STORE" "$ORIGIN"
}

# The kernel not reading ahead: a 64th of the chunks, times 64.
merge_alone() {
	timed "$B/bench/merge_loop" random "$STORE" "$ORIGIN" \
		$((MERGE_MIB / 2))
	TOOK_US=$((TOOK_US * 64))
}

# -d: does not empty the overlay, which is to be committed again.
merge_qemu() {
	flushed "$ORIGIN" qemu-img commit -q -d "$WORK/overlay"
}

merge_cp() {
	flushed "$WORK/copy" cp --sparse=never "$STORE" "$WORK/copy"
}

merge_nbdcopy() {
	flushed "$WORK/copy" nbdcopy --flush "$STORE" "$WORK/copy"
}

# other_there OTHER: can it be measured here?
other_there() {
	case $1 in
	qemu) command -v qemu-img >/dev/null && command -v qemu-io >/dev/null ;;
	nbdcopy) command -v nbdcopy >/dev/null ;;
	esac
}

check_merged() {
	reset_store
	"$B/bench/merge_loop" check "$STORE" "$ORIGIN" ||
		die "psnap merged something else"
}

# merge_rounds METHOD...: all of them in turn, best times in BEST. Each round
# begins with another, for a disk may be faster after a rest.
merge_rounds() {
	local round i method

	BEST=()
	PEAK_MAX_KIB=0
	for ((round = 0; round < ROUNDS; round++)); do
		for ((i = 0; i < $#; i++)); do
			method=${*:(round + i) % $# + 1:1}
			reset_store
			drop_caches
			"merge_$method"
			keep_best "$method" "$TOOK_US"
			say "$method: $((TOOK_US / 1000)) ms"
			if [[ $round$method == 0psnap ]]; then
				check_merged
			fi
		done
	done
}

# The same clusters, written in the same order, over the same origin.
make_overlay() {
	rm -f "$WORK/overlay"
	other_there qemu || return 0
	qemu-img create -q -f qcow2 -o "cluster_size=$CHUNK" \
		-b "$WORK/origin" -F raw "$WORK/overlay"
	"$PSNAP" dump --output=csv "$WORK/store" |
		awk -F, -v b=$((${CHUNK%K} * 1024)) 'NR > 1 {
			printf "write -q -P 165 %.0f %.0f\n", $1 * b, $3 * b
		}' | qemu-io -t unsafe "$WORK/overlay" >"$WORK/figures"
}

# merge_stores CHUNK: recipe on standard input, the store and its meta file.
merge_stores() {
	local recipe

	CHUNK=$1
	recipe=$(cat)
	make_store meta <<<"$recipe"
	make_store store <<<"$recipe"$'\ndata pattern'
}

limit_cells() {
	local limit_us=${BEST[limit]} psnap_us=${BEST[psnap]}

	printf '%d | **%s** | %s, %s | %s' $((MERGE_MIB * 1000000 / limit_us)) \
		"$(ratio "$limit_us" "$psnap_us")" "$1" \
		"$(at_least "$limit_us" "$psnap_us" "$1")" \
		"$(ratio "${BEST[ref]}" "$psnap_us")"
}

# Of the others how many times psnap's time each of them took.
other_cells() {
	local other other_us psnap_us=${BEST[psnap]} verdict=met

	for other in "${MERGE_OTHERS[@]}"; do
		other_us=${BEST[$other]-}
		if [[ -z $other_us ]]; then
			printf ' absent |'
			continue
		fi
		((other_us >= psnap_us)) || verdict=missed
		printf ' %s |' "$(ratio "$other_us" "$psnap_us")"
	done
	printf ' 1, %s' "$verdict"
}

undo_cells() {
	local undo_us=${BEST[undo]} psnap_us=${BEST[psnap]}

	printf '%s | 2.5, %s' "$(ratio "$undo_us" "$psnap_us")" \
		"$(at_most "$undo_us" "$psnap_us" 2.5)"
}

# merge_file NAME GOAL: a row for STORE and ORIGIN as files.
merge_file() {
	local other methods=(limit psnap ref undo)
	local STORE=$WORK/store ORIGIN=$WORK/origin

	say "merge: $1, file"
	make_overlay
	for other in "${MERGE_OTHERS[@]}"; do
		other_there "$other" && methods+=("$other")
	done
	merge_rounds "${methods[@]}"
	printf '| %s, file | %s |%s | %s | %d |\n' "$1" "$(limit_cells "$2")" \
		"$(other_cells)" "$(undo_cells)" $((PEAK_MAX_KIB / 1024))
	rm -f "$WORK/overlay" "$WORK/undo"
}

# merge_loop_device NAME GOAL: the same over loop devices.
merge_loop_device() {
	local STORE ORIGIN

	say "merge: $1, loop device"
	STORE=$(losetup --find --show "$WORK/store")
	LOOPS+=("$STORE")
	ORIGIN=$(losetup --find --show "$WORK/origin")
	LOOPS+=("$ORIGIN")
	merge_rounds limit psnap ref undo
	printf '| %s, loop device | %s | | | | | | %s | %d |\n' "$1" \
		"$(limit_cells "$2")" "$(undo_cells)" $((PEAK_MAX_KIB / 1024))
	rm -f "$WORK/undo"
	losetup -d "$ORIGIN"
	losetup -d "$STORE"
	unset 'LOOPS[-1]' 'LOOPS[-1]'
}

# merge_row NAME GOAL CHUNK RECIPE
merge_row() {
	merge_stores "$3" <<<"$4"
	merge_file "$1" "$2"
	merge_loop_device "$1" "$2"
}

# slow_row NAME METHOD: psnap against METHOD, 1 ms per request.
slow_row() {
	printf '| %s | %s | 4, %s |\n' "$1" \
		"$(ratio "${BEST[$2]}" "${BEST[psnap]}")" \
		"$(at_least "${BEST[$2]}" "${BEST[psnap]}" 4)"
}

# An eighth of the data, in a store where every request takes a millisecond,
# and an origin in memory, so that no disk adds to it.
merge_latency() {
	local count=$((MERGE_MIB * 32)) STORE=$WORK/latfs
	local ORIGIN=$WORK/mem/origin

	say "merge: 1 ms per request"
	mkdir "$WORK/mem"
	mount -t tmpfs -o size=$((MERGE_MIB / 4 + 64))m,mode=700 psnap-bench \
		"$WORK/mem"
	MOUNTS+=("$WORK/mem")
	merge_stores 4K <<<"scatter $count $((count * 4)) 1"
	mv "$WORK/store" "$WORK/mem/store"
	truncate -s $((MERGE_MIB / 2))M "$ORIGIN"
	start_latfs 1000 "$WORK/mem/store"
	merge_rounds psnap chunks alone
	stop_latfs
	umount "$WORK/mem"
	unset 'MOUNTS[-1]'
	printf '\n| with 1 ms per request psnap is faster than | times |%s' \
		$' goal |\n|---|--:|---|\n'
	slow_row "chunk by chunk" chunks
	slow_row "chunk by chunk without read-ahead" alone
	echo
}

bench_merge() {
	local count=$((MERGE_MIB * 256)) wide=$((MERGE_MIB * 16))
	local CHUNK=4K PEAK_MAX_KIB=0

	say "merge: writing an origin of $((MERGE_MIB * 4)) MiB"
	dd if=/dev/zero of="$WORK/origin" bs=4M count="$MERGE_MIB" \
		conv=fsync status=none
	printf '%s\n' "### Merge of $MERGE_MIB MiB, cold" '' \
		"| store | limit, MiB/s | psnap | goal | of the disk | qemu-img commit | cp |$(
			) nbdcopy | chunk by chunk | goal | with undo | goal |$(
			) peak MiB |" \
		'|---|--:|--:|---|--:|--:|--:|--:|--:|---|--:|---|--:|'
	merge_row "sequential" 0.9 4K "alloc 0 $count"
	merge_row "runs of 32" 0.9 4K "scatter $count $((count * 4)) 1 32"
	merge_row "4 KiB scattered" 0.65 4K "scatter $count $((count * 4)) 1"
	merge_row "64 KiB scattered" 0.8 64K "scatter $wide $((wide * 4)) 1"
	rm -f "$WORK/store" "$WORK/copy"
	merge_latency
	rm -f "$WORK/origin" "$WORK/meta"
}
