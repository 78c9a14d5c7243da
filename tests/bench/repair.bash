# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Section repair: psnap repair in place, with an undo file, against psnap check
# of the same damaged store, and the plan alone; peak memory. See README.md.

# repair_row NAME: one row for $WORK/store, which is put back every time. A store
# that is opened for writing is read from the disk, so all rows are cold.
repair_row() {
	local name=$1 round peak_kib=0 check_kib=0

	say "repair: $name"
	BEST=()
	for ((round = 0; round < ROUNDS; round++)); do
		drop_caches
		timed "$PSNAP" check --chunk-size "$CHUNK" "$WORK/store" \
			>/dev/null
		keep_best check "$TOOK_US"
		((PEAK_KIB <= check_kib)) || check_kib=$PEAK_KIB
		drop_caches
		timed "$PSNAP" repair -n "$WORK/store" >/dev/null
		keep_best plan "$TOOK_US"
		drop_caches
		timed "$PSNAP" repair -y --undo "$WORK/undo" "$WORK/store" \
			>/dev/null
		keep_best repair "$TOOK_US"
		((PEAK_KIB <= peak_kib)) || peak_kib=$PEAK_KIB
		"$PSNAP" undo -q "$WORK/undo" "$WORK/store" ||
			die "undo failed"
		rm "$WORK/undo"
	done
	printf '| %s | **%s** | %s | 3, %s | %d | %d |\n' "$name" \
		"$(ratio "${BEST[repair]}" "${BEST[check]}")" \
		"$(ratio "${BEST[plan]}" "${BEST[check]}")" \
		"$(at_most "${BEST[repair]}" "${BEST[check]}" 3)" \
		$((peak_kib / 1024)) $((check_kib / 1024))
}

# repair_store NAME: recipe on standard input.
repair_store() {
	make_store store
	repair_row "$1"
	rm "$WORK/store"
}

bench_repair() {
	local count=$((10000000 / QUICK)) bad=$((1000 / QUICK + 1))

	printf '%s\n' '### Repair' '' \
		'| store | time / check | plan / check | goal | peak MiB | peak MiB of check |' \
		'|---|--:|--:|---|--:|--:|'
	repair_store "$count scattered, marked invalid" <<-END
		scatter $count $((count * 4)) 1
		hex 4 00000000
	END
	repair_store "$count scattered, no header" <<-END
		scatter $count $((count * 4)) 1
		zero 0 16
	END
	repair_store "$count scattered, $bad beyond the device" <<-END
		scatter $((count - bad)) $((count * 4)) 1
		exc $((count * 8)) $((count * 8)) $bad
		size $((count * 4200))
	END
	repair_store "$count scattered, $bad duplicates" <<-END
		scatter $((count - bad)) $((count * 4)) 1
		scatter $bad $((count * 4)) 1
	END
	echo
}
