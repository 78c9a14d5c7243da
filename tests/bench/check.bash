# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Section check: psnap check against a plain walk of the same store, and its
# peak memory. See README.md.

# check_row NAME GOAL_MIB CACHE: one row for $WORK/store.
check_row() {
	local name=$1 goal_mib=$2 cache=$3 round peak_max_kib=0

	say "check: $name, $cache"
	BEST=()
	for ((round = 0; round < ROUNDS; round++)); do
		[[ $cache == warm ]] || drop_caches
		timed "$B/bench/walk_bench" "$WORK/store" runs >/dev/null
		keep_best walk "$TOOK_US"
		[[ $cache == warm ]] || drop_caches
		timed "$PSNAP" check "$WORK/store" >/dev/null
		keep_best check "$TOOK_US"
		((PEAK_KIB <= peak_max_kib)) || peak_max_kib=$PEAK_KIB
	done
	printf '| %s, %s | **%s** | 3, %s | %d | %d, %s |\n' "$name" "$cache" \
		"$(ratio "${BEST[check]}" "${BEST[walk]}")" \
		"$(at_most "${BEST[check]}" "${BEST[walk]}" 3)" \
		$((peak_max_kib / 1024)) "$goal_mib" \
		"$(at_most "$peak_max_kib" 1024 "$goal_mib")"
}

# check_store NAME GOAL_MIB: recipe on standard input.
check_store() {
	make_store store
	"$B/bench/walk_bench" "$WORK/store" >/dev/null
	check_row "$1" "$2" warm
	check_row "$1" "$2" cold
	rm "$WORK/store"
}

bench_check() {
	local count=$((10000000 / QUICK)) many=$((100000000 / QUICK))
	local tenth=$((count / 10)) goal_mib

	goal_mib=$((count * 16 / 1048576 + 64))
	printf '%s\n' '### Check' '' \
		'| store | time / plain walk | goal | peak MiB | goal |' \
		'|---|--:|---|--:|---|'
	check_store "$count scattered" "$goal_mib" \
		<<<"scatter $count $((count * 4)) 1"
	# The same seed again: a tenth of the old chunks come twice.
	check_store "$count scattered, a tenth duplicates" "$goal_mib" <<-END
		scatter $((count - tenth)) $((count * 4)) 1
		scatter $tenth $((count * 4)) 1
	END
	check_store "$count scattered over 4 PiB" "$goal_mib" \
		<<<"scatter $count $((1 << 40)) 1"
	check_store "$many in runs of 32" 200 \
		<<<"scatter $((many / 32 * 32)) $((many * 4)) 1 32"
	echo
}
