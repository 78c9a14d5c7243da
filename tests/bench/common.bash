# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What all sections of the bench share: packages, the temporary directory and
# its certain removal, the page cache, best-of-three, table cells. It measures
# nothing by itself. SC2034 is off: the sections read what is set here.

ROUNDS=${ROUNDS:-3}
CHUNK=4K
WORK=
IN_MEMORY=
FIGURES=()
TOOK_US=0
PEAK_KIB=0
LOOPS=()
PIDS=()
MOUNTS=()
declare -A BEST=()

say() {
	printf 'bench: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit 2
}

# Everything is undone by the id it was made with, newest first.
cleanup() {
	local i

	trap - EXIT
	set +e
	for i in "${PIDS[@]}"; do
		kill "$i" 2>/dev/null
		wait "$i" 2>/dev/null
	done
	for i in "${LOOPS[@]}"; do
		losetup -d "$i"
	done
	for ((i = ${#MOUNTS[@]} - 1; i >= 0; i--)); do
		if findmnt -n --mountpoint "${MOUNTS[i]}" >/dev/null; then
			umount "${MOUNTS[i]}"
		fi
	done
	if [[ $WORK ]]; then
		rm -rf --one-file-system "$WORK" "$IN_MEMORY"
	fi
}

make_work_dir() {
	local need_mib=$1 parent=${TMPDIR:-/var/tmp} free_mib

	free_mib=$(df --output=avail -BM "$parent" | tail -n 1 | tr -dc 0-9)
	say "needs $need_mib MiB in $parent (TMPDIR), there are $free_mib"
	((free_mib >= need_mib)) ||
		die "not enough room: set TMPDIR, or MERGE_MIB to less"
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	WORK=$(mktemp -d "$parent/psnap-bench.XXXXXX")
}

# Names of packages whose probe fails.
missing_packages() {
	pkg-config --exists fuse3 2>/dev/null || echo libfuse3-dev
	pkg-config --exists liburing 2>/dev/null || echo liburing-dev
	command -v fusermount3 >/dev/null || echo fuse3
	command -v losetup >/dev/null || echo mount
	command -v ruby >/dev/null || echo ruby
	[[ -x /usr/bin/time ]] || echo time
}

# What is measured beside psnap; without it a cell says "absent".
missing_extras() {
	command -v qemu-img >/dev/null && command -v qemu-io >/dev/null ||
		echo qemu-utils
	command -v nbdcopy >/dev/null || echo libnbd-bin
}

install_packages() {
	say "installing $*"
	apt-get -qq update >&2 &&
		DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
			--no-install-recommends "$@" >&2
}

need_packages() {
	local missing extras

	mapfile -t missing < <(missing_packages)
	mapfile -t extras < <(missing_extras)
	if ((EUID != 0)) || [[ ! -e /etc/debian_version ]]; then
		((${#missing[@]} == 0)) ||
			die "missing: ${missing[*]} (Debian's names);" \
				"install them first"
		return 0
	fi
	((${#missing[@]} == 0)) || install_packages "${missing[@]}"
	((${#extras[@]} == 0)) || install_packages "${extras[@]}" ||
		say "goes on without ${extras[*]}"
}

need_root() {
	((EUID == 0)) || die "the page cache, loop devices and FUSE need root"
}

# make_store NAME: recipe on standard input, store in $WORK/NAME.
make_store() {
	say "making store $1"
	{
		echo "chunk $CHUNK"
		echo "header"
		cat
	} >"$WORK/recipe"
	"$MKSTORE" -q "$WORK/recipe" "$WORK/$1"
}

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# keep_best KEY VALUE: the smallest integer seen under KEY.
keep_best() {
	if [[ -z ${BEST[$1]-} ]] || (($2 < BEST[$1])); then
		BEST[$1]=$2
	fi
}

# ratio A B: A / B for a table cell.
ratio() {
	awk -v a="$1" -v b="$2" \
		'BEGIN { x = b ? a / b : 0; printf x < 10 ? "%.2f" : "%.0f", x }'
}

# microseconds NS: with two digits, for a table cell.
microseconds() {
	awk -v ns="$1" 'BEGIN { printf "%.2f", ns / 1000 }'
}

# at_most A B LIMIT: is A / B <= LIMIT? at_least likewise. Said, not enforced.
at_most() {
	awk -v a="$1" -v b="$2" -v l="$3" \
		'BEGIN { print (a <= l * b ? "met" : "missed") }'
}

at_least() {
	awk -v a="$1" -v b="$2" -v l="$3" \
		'BEGIN { print (a >= l * b ? "met" : "missed") }'
}

# measure COMMAND...: runs it, sets FIGURES to the words it prints. In the
# foreground, like timed: a signal is then handled when the command has ended,
# and no loop device or mount is in use when cleanup comes to it.
measure() {
	"$@" >"$WORK/figures" || die "failed: $*"
	read -ra FIGURES <"$WORK/figures"
}

# timed COMMAND...: runs it, sets TOOK_US and PEAK_KIB. Exit status 4 means
# that psnap has findings, 1 that it corrected them. Both sides of a comparison come through here.
timed() {
	local start=${EPOCHREALTIME/[.,]/} status=0

	/usr/bin/time -q -f %M -o "$WORK/peak" "$@" || status=$?
	TOOK_US=$((${EPOCHREALTIME/[.,]/} - start))
	((status == 0 || status == 1 || status == 4)) || die "status $status from: $*"
	PEAK_KIB=$(tail -n 1 "$WORK/peak")
}
