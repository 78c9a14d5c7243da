# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Section dump: psnap dump of scattered exceptions against cat of the same
# bytes to the same place, and what runs save. See README.md.

PEAK_GOAL_KIB=$((16 * 1024))

# to_file COMMAND...: output to a new file on the file system of the stores.
to_file() {
	rm -f "$WORK/out"
	timed "$@" >"$WORK/out"
}

# to_pipe COMMAND...: output to a cat that throws it away. The pipe closes
# before the clock stops, so both ends are in the time.
to_pipe() {
	local start=${EPOCHREALTIME/[.,]/}

	timed "$@" > >(exec cat >/dev/null)
	wait $!
	TOOK_US=$((${EPOCHREALTIME/[.,]/} - start))
}

warm() {
	sync
}

cold() {
	drop_caches
}

# dump_row FORMAT PLACE CACHE: one row; $WORK/text holds the same bytes.
dump_row() {
	local format=$1 place=$2 cache=$3 round mib

	say "dump: $format to a $place, $cache"
	BEST=()
	PEAK_MAX_KIB=0
	for ((round = 0; round < ROUNDS; round++)); do
		"$cache"
		"to_$place" "$PSNAP" dump "--output=$format" "$WORK/scattered"
		keep_best dump "$TOOK_US"
		((PEAK_KIB <= PEAK_MAX_KIB)) || PEAK_MAX_KIB=$PEAK_KIB
		"$cache"
		"to_$place" cat "$WORK/text"
		keep_best cat "$TOOK_US"
	done
	mib=$(($(stat -c %s "$WORK/text") >> 20))
	printf '| %s to a %s, %s | %d | **%s** | 2.5, %s | %s | 16, %s |\n' \
		"$format" "$place" "$cache" "$mib" \
		"$(ratio "${BEST[dump]}" "${BEST[cat]}")" \
		"$(at_most "${BEST[dump]}" "${BEST[cat]}" 2.5)" \
		"$(ratio "$PEAK_MAX_KIB" 1024)" \
		"$(at_most "$PEAK_MAX_KIB" 1 "$PEAK_GOAL_KIB")"
}

dump_scattered() {
	local format

	printf '%s\n' "### Dump of $1 scattered exceptions" '' \
		'| output | MiB | time / cat | goal | peak MiB | goal |' \
		'|---|--:|--:|---|--:|---|'
	for format in json ndjson csv; do
		# Also brings the store into the page cache.
		"$PSNAP" dump "--output=$format" "$WORK/scattered" >"$WORK/text"
		dump_row "$format" file warm
		dump_row "$format" pipe warm
		dump_row "$format" file cold
	done
	echo
}

# measure_runs STORE: best times of dump and of a plain walk, size of the text.
measure_runs() {
	local round

	for ((round = 0; round <= ROUNDS; round++)); do
		to_file "$PSNAP" dump --output=json "$WORK/$1"
		((round == 0)) || keep_best "$1" "$TOOK_US"
		timed "$B/bench/walk_bench" "$WORK/$1" runs >/dev/null
		((round == 0)) || keep_best "walk $1" "$TOOK_US"
	done
	BEST["text $1"]=$(stat -c %s "$WORK/out")
}

dump_runs() {
	local what

	say "dump: runs"
	BEST=()
	measure_runs scattered
	measure_runs runs
	printf '%s\n' "### Dump of $1 exceptions in runs of 32, warm" '' \
		'| scattered / in runs of 32 | times |' '|---|--:|'
	for what in "records|32.00" \
		"bytes of JSON|$(ratio "${BEST[text scattered]}" "${BEST[text runs]}")" \
		"time of dump|$(ratio "${BEST[scattered]}" "${BEST[runs]}")" \
		"time of a plain walk|$(ratio "${BEST[walk scattered]}" \
			"${BEST[walk runs]}")"; do
		printf '| %s | %s |\n' "${what%|*}" "${what#*|}"
	done
	echo
}

bench_dump() {
	local count=$((10000000 / QUICK)) PEAK_MAX_KIB

	make_store scattered <<<"scatter $count $((count * 4)) 1"
	make_store runs <<<"scatter $((count / 32 * 32)) $((count * 4)) 1 32"
	dump_scattered "$count"
	dump_runs "$count"
	rm "$WORK/scattered" "$WORK/runs" "$WORK/text" "$WORK/out"
}
