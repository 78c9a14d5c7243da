# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Section scan: the cold walk of a store against the best ways known, and
# against the way lvmsync reads. See README.md for what the columns mean.

SCAN_METHODS=(willneed uring uring-direct pread mmap)

# areas_for METHOD AREAS: how many of the areas METHOD has to read. mmap, and
# pread at LATENCY_US, take fewer: their cost per area does not depend on it.
areas_for() {
	local limit=$2

	case $1 in
	mmap) limit=$((LATENCY_US ? 200000 / LATENCY_US : 2048)) ;;
	pread) ((LATENCY_US == 0)) || limit=$((1000000 / LATENCY_US)) ;;
	esac
	echo $((limit < $2 ? limit : $2))
}

# check_sum AREAS SUM: every method must have read the same bytes.
check_sum() {
	local known=${SUMS[$1]-$2}

	SUMS[$1]=$2
	[[ $known == "$2" ]] || die "methods disagree on $1 areas: $known, $2"
}

# measure_walk KEY FILE EXCEPTIONS
measure_walk() {
	drop_caches
	measure "$B/bench/walk_bench" "$2"
	WALK_AREAS=${FIGURES[1]}
	((FIGURES[2] == $3)) || die "walk: ${FIGURES[2]} exceptions, not $3"
	keep_best "$1" "${FIGURES[0]}"
}

# measure_ref KEY METHOD FILE AREAS
measure_ref() {
	drop_caches
	measure "$B/bench/scan_ref" "$2" "$3" 4096 "$4"
	check_sum "${FIGURES[1]}" "${FIGURES[2]}"
	keep_best "$1" "${FIGURES[0]}"
}

# scan_target NAME FILE EXCEPTIONS GOAL: one row of the table.
scan_target() {
	local name=$1 file=$2 exceptions=$3 goal=$4 round method best='' cells=''

	say "scan: $name"
	BEST=()
	for ((round = 0; round < ROUNDS; round++)); do
		measure_walk walk "$file" "$exceptions"
		for method in "${SCAN_METHODS[@]}"; do
			measure_ref "$method" "$method" "$file" \
				"$(areas_for "$method" "$WALK_AREAS")"
		done
	done
	for method in "${SCAN_METHODS[@]}"; do
		if [[ -z $best ]] || ((${BEST[$method]} < best)); then
			best=${BEST[$method]}
		fi
	done
	for method in "${SCAN_METHODS[@]}"; do
		cells+=" $(ratio "${BEST[$method]}" "$best") |"
	done
	printf '| %s | %d | %s | **%s** |%s %s, %s |\n' "$name" "$WALK_AREAS" \
		"$(microseconds "$best")" "$(ratio "${BEST[walk]}" "$best")" \
		"$cells" "$goal" "$(at_most "${BEST[walk]}" "$best" "$goal")"
}

# scan_loop NAME FILE EXCEPTIONS GOAL [LOSETUP-OPTION...]
scan_loop() {
	local name=$1 file=$2 exceptions=$3 goal=$4 loop

	loop=$(losetup --read-only --find --show "${@:5}" "$file")
	LOOPS+=("$loop")
	scan_target "$name" "$loop" "$exceptions" "$goal"
	losetup -d "$loop"
	unset 'LOOPS[-1]'
}

start_latfs() {
	local mount=$WORK/latfs tries

	: >"$mount"
	"$B/bench/latfs" "$1" "$2" "$mount" &
	PIDS+=($!)
	MOUNTS+=("$mount")
	for ((tries = 0; tries < 100; tries++)); do
		[[ $(stat -c %s "$mount") == 0 ]] || return 0
		sleep 0.05
	done
	die "latfs does not start"
}

stop_latfs() {
	kill "${PIDS[-1]}"
	wait "${PIDS[-1]}" || die "latfs failed"
	unset 'PIDS[-1]' 'MOUNTS[-1]'
}

# scan_latency FILE EXCEPTIONS: FILE stands on a tmpfs, so that the only
# latency is the one asked for. Leaves walk and pread at 1 ms in SLOW.
scan_latency() {
	local ms

	for ms in 0.1 1 5; do
		LATENCY_US=$(awk -v ms="$ms" 'BEGIN { print ms * 1000 }')
		start_latfs "$LATENCY_US" "$1"
		scan_target "file, $ms ms per read" "$WORK/latfs" "$2" 1.2
		stop_latfs
		if ((LATENCY_US == 1000)); then
			SLOW=("${BEST[walk]}" "${BEST[pread]}")
		fi
	done
	LATENCY_US=0
}

# scan_lvmsync FILE EXCEPTIONS
scan_lvmsync() {
	local round

	say "scan: lvmsync's way"
	BEST=()
	for ((round = 0; round < ROUNDS; round++)); do
		measure_walk walk "$1" "$2"
		drop_caches
		measure ruby "$HERE/lvmsync_way.rb" "$1"
		((FIGURES[1] == WALK_AREAS && FIGURES[2] == $2)) ||
			die "lvmsync's way found: ${FIGURES[*]}"
		keep_best lvmsync "${FIGURES[0]}"
	done
}

bench_scan() {
	local many=$((4200000 / QUICK)) few=524160
	local -A SUMS=()
	local -a SLOW=()
	local LATENCY_US=0 WALK_AREAS=0

	make_store large <<<"scatter $many $((many * 4)) 1"
	make_store small <<<"scatter $few $((few * 4)) 1"
	mkdir "$WORK/mem"
	mount -t tmpfs -o size=256m,mode=700 psnap-bench "$WORK/mem"
	MOUNTS+=("$WORK/mem")
	cp --sparse=always "$WORK/large" "$WORK/mem/large"

	printf '%s\n' '### Scan, cold' '' \
		"| store on | areas | best, us per area | psnap |$(
			printf ' %s |' "${SCAN_METHODS[@]}"
		) goal |" '|---|--:|--:|--:|--:|--:|--:|--:|--:|---|'
	scan_target file "$WORK/large" "$many" 1.2
	scan_loop "loop device" "$WORK/large" "$many" 1.2
	scan_loop "direct-io loop device" "$WORK/large" "$many" 1.7 \
		--direct-io=on
	scan_latency "$WORK/mem/large" "$many"
	scan_lvmsync "$WORK/small" "$few"

	printf '\n| psnap is faster than | times | goal |\n|---|--:|---|\n'
	printf '| one read at a time, 1 ms per read | %s | 30, %s |\n' \
		"$(ratio "${SLOW[1]}" "${SLOW[0]}")" \
		"$(at_least "${SLOW[1]}" "${SLOW[0]}" 30)"
	printf "| lvmsync's way, cold file | %s | 20, %s |\n\n" \
		"$(ratio "${BEST[lvmsync]}" "${BEST[walk]}")" \
		"$(at_least "${BEST[lvmsync]}" "${BEST[walk]}" 20)"

	umount "$WORK/mem"
	unset 'MOUNTS[-1]'
	rm "$WORK/large" "$WORK/small"
}
