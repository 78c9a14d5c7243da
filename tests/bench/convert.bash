# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Section convert: psnap convert of a large origin with few blocks and a store
# of many exceptions, against cp of the same allocated bytes; qcow2 against
# qemu-img from the description that copies nothing. See README.md.

CONVERT_GOAL_KIB=$((64 * 1024))
CONVERT_DISK_MIB=$((6 * 1024))

# psnap flushes what it makes, so the others have to.
copied() { # OUTPUT COMMAND...
	# shellcheck disable=SC2016 # for the other shell
	timed bash -c 'out=$1; shift; "$@" && sync "$out"' - "$@"
}

# busy COMMAND...: sets TOOK_US, and CORES, the processor time over that.
busy() {
	/usr/bin/time -q -f '%U %S %e' -o "$WORK/busy" "$@" || die "failed: $*"
	read -r TOOK_US CORES < <(tail -n 1 "$WORK/busy" |
		awk '{ printf "%d %.2f\n", $3 * 1e6, ($1 + $2) / ($3 + .01) }')
}

# convert_raw NAME: one row for $WORK/store over $WORK/origin.
convert_raw() {
	local name=$1 round peak_kib=0 runs mib

	say "convert: raw, $name"
	BEST=()
	rm -f "$WORK/view" "$WORK/out"
	"$PSNAP" convert -q -O raw "$WORK/store" "$WORK/origin" "$WORK/view" ||
		die "convert failed"
	mib=$(($(stat -c %b "$WORK/view") / 2048))
	runs=$("$PSNAP" dump --output=json "$WORK/store" |
		sed -n 's/.*"records":\([0-9]*\).*/\1/p' | head -n 1)
	for ((round = 0; round < ROUNDS; round++)); do
		rm -f "$WORK/out"
		drop_caches
		timed "$PSNAP" convert -q -O raw "$WORK/store" "$WORK/origin" \
			"$WORK/out"
		keep_best raw "$TOOK_US"
		((PEAK_KIB <= peak_kib)) || peak_kib=$PEAK_KIB
		rm -f "$WORK/out"
		drop_caches
		copied "$WORK/out" cp --sparse=auto --reflink=never \
			"$WORK/view" "$WORK/out"
		keep_best cp "$TOOK_US"
	done
	cmp -s "$WORK/view" "$WORK/out" || die "not the same"
	printf '| %s | %d | **%s** | 1.2, %s | %d | 64, %s |\n' "$name" "$mib" \
		"$(ratio "${BEST[raw]}" "${BEST[cp]}")" \
		"$(at_most "${BEST[raw]}" "${BEST[cp]}" 1.2)" \
		$((peak_kib / 1024)) \
		"$(at_most "$((peak_kib - ${runs:-0} * 160 / 1024))" 1 \
			"$CONVERT_GOAL_KIB")"
	BEST["$name"]=${BEST[raw]}
}

# The same bytes in an origin sixteen times as large.
convert_holes() {
	local round

	say "convert: raw, more holes"
	BEST=()
	for ((round = 0; round < ROUNDS; round++)); do
		for size in 16 256; do
			truncate --size="${size}G" "$WORK/origin"
			rm -f "$WORK/out"
			drop_caches
			timed "$PSNAP" convert -q -O raw "$WORK/store" \
				"$WORK/origin" "$WORK/out"
			keep_best "$size" "$TOOK_US"
		done
	done
	truncate --size=16G "$WORK/origin"
	printf '\n| raw, 256 GiB with the same blocks | %s times as long | 1.1, %s |\n|---|--:|---|\n' \
		"$(ratio "${BEST[256]}" "${BEST[16]}")" \
		"$(at_most "${BEST[256]}" "${BEST[16]}" 1.1)"
}

# If QEMU is there to compare with.
convert_qcow2() {
	local round

	command -v qemu-img >/dev/null || return 0
	say "convert: qcow2"
	BEST=()
	rm -f "$WORK/vmdk"
	ulimit -Sn "$(ulimit -Hn)"
	"$PSNAP" convert -q -O vmdk "$WORK/store" "$WORK/origin" "$WORK/vmdk" ||
		die "convert failed"
	for ((round = 0; round < ROUNDS; round++)); do
		rm -f "$WORK/out"
		drop_caches
		timed "$PSNAP" convert -q -O qcow2 --standalone "$WORK/store" \
			"$WORK/origin" "$WORK/out"
		keep_best qcow2 "$TOOK_US"
		rm -f "$WORK/out"
		drop_caches
		copied "$WORK/out" qemu-img convert -f vmdk -O qcow2 \
			"$WORK/vmdk" "$WORK/out"
		keep_best qemu "$TOOK_US"
	done
	printf '\n| qcow2 | time / qemu-img | goal |\n|---|--:|---|\n'
	printf '| alone | **%s** | 1, %s |\n' \
		"$(ratio "${BEST[qcow2]}" "${BEST[qemu]}")" \
		"$(at_most "${BEST[qcow2]}" "${BEST[qemu]}" 1)"
}

# Warm, into memory: how busy are the processors, and how long does QEMU take?
convert_compressed() {
	local qemu=absent delta=() qcow2=()

	say "convert: compressed"
	IN_MEMORY=$(mktemp -d /dev/shm/psnap-bench.XXXXXX)
	busy "$PSNAP" convert -q -O delta "$WORK/store" "$WORK/origin" \
		"$IN_MEMORY/delta"
	delta=("$CORES" "$(at_least "${CORES/./}" 100 1.5)")
	rm "$IN_MEMORY/delta"
	busy "$PSNAP" convert -q -O qcow2 --standalone --compress \
		"$WORK/store" "$WORK/origin" "$IN_MEMORY/psnap"
	qcow2=("$CORES" "$(at_least "${CORES/./}" 100 1.5)")
	rm "$IN_MEMORY/psnap"
	BEST[psnap]=$TOOK_US
	if command -v qemu-img >/dev/null; then
		busy qemu-img convert -c -f vmdk -O qcow2 "$WORK/vmdk" \
			"$IN_MEMORY/qemu"
		qemu=$(ratio "${BEST[psnap]}" "$TOOK_US")
	fi
	rm -r "$IN_MEMORY"
	printf '\n| compressed | cores in use | goal | time / qemu-img -c |\n'
	printf '|---|--:|---|--:|\n'
	printf '| delta | **%s** | 1.5, %s | |\n' "${delta[@]}"
	printf '| qcow2 | **%s** | 1.5, %s | %s |\n' "${qcow2[@]}" "$qemu"
}

# 1 GiB of data in 16 pieces, in 16 GiB.
convert_origin() {
	local piece mib=$((64 / QUICK))

	((mib > 0)) || mib=1
	say "making an origin"
	truncate --size=16G "$WORK/origin"
	for piece in {0..15}; do
		dd if=/dev/urandom of="$WORK/origin" bs=1M count=$mib \
			seek=$((piece * 1024)) conv=notrunc status=none
	done
}

bench_convert() {
	local count=$((262144 / QUICK)) chunks=$((4 << 20)) CORES

	convert_origin
	printf '%s\n' '### Convert' '' \
		'| store | MiB | time / cp | goal | peak MiB | goal |' \
		'|---|--:|--:|---|--:|---|'
	make_store store <<-END
		scatter $count $((chunks / 2)) 1
		data pattern
	END
	convert_raw "4 KiB scattered"
	make_store store <<-END
		scatter $((count / 32 * 32)) $((chunks / 2)) 1 32
		data pattern
	END
	convert_raw "runs of 32"
	convert_holes
	convert_qcow2
	convert_compressed
	echo
	rm -f "$WORK"/{store,origin,view,out,vmdk}
}
