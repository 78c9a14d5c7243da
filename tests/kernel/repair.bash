# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Stores that psnap repaired: the kernel loads them, shows what it has to show,
# merges them, or goes on using them as snapshots. What they have to show is the
# view of a store that never was damaged, or what was recorded of it. Where the
# kernel loads the damaged store too, it shows the same of that. Sourced by run.

# Three areas of chunks of 512 bytes: 0 to 31 in 2 to 33, 32 to 63 in 35 to 66,
# 64 to 79 in 68 to 83; and data that tells one chunk from any other.
repair_base='chunk 512
size 200K
alloc 0 80
random chunk:2 16K 1
random chunk:35 16K 2
random chunk:68 16K 3'

# NAME, what is done to the base; what would be done to it if nothing had been
# damaged: the same exceptions, wherever they stand. Slot (0, 0) ends a table.
repair_pairs='magic-zero|hex 0 00000000|
header-gone|random 0 512 9|
version|hex 8 02000000|
torn|set 2 20 5 90|
full|at 2 16; exc 80 84 16; truncate 51200|at 2 16; exc 80 84 15
cut|truncate 39936|set 2 10 0 0
beyond|set 0 3 3 268435456|set 0 3 79 83; set 2 15 0 0
metadata|set 2 4 68 67|set 2 4 79 83; set 2 15 0 0
gap|set 1 10 0 0|set 1 10 79 83; set 2 15 0 0
area|fill area:1 512 0x51|at 1 0; exc 64 68 16; set 1 16 0 0
duplicate|set 0 9 8 11|set 0 9 79 83; set 2 15 0 0
duplicate-run|set 0 31 60 33|set 0 31 79 83; set 2 15 0 0
duplicate-new|set 0 12 12 13|set 0 12 79 83; set 2 15 0 0
duplicate-same|set 0 15 14 16|set 0 15 79 83; set 2 15 0 0'

# The kernel loads these damaged as well, and shows one of the two.
repair_damaged='duplicate duplicate-run duplicate-same'

# NAME SEED WRITES SECTORS: written to on both sides, instead of merged. The
# writes of torn fill up the table behind its end.
repair_used='torn 80 100 2
overflow 82 60 20'

repair_start()
{
  local name damage sound seed writes sectors shown='' merged='' used='' disks=()

  while IFS='|' read -r name damage sound; do
    repair_store "r-$name.s" "$damage"
    repair_store sound.s "$sound"
    head -c 51200 /dev/urandom > "$work/r-$name.o"
    "$B/tests/view" "$work/sound.s" "$work/r-$name.o" > "$work/r-$name.want"
    if [[ " $repair_damaged " == *" $name "* ]]; then
      pair_copy "r-$name" "d-$name"
      shown+="d-$name 1"$'\n'
      mapfile -t -O ${#disks[@]} disks < <(pair_disks "d-$name")
    fi
    repairs "r-$name"
    [[ $repair_used == *"$name "* ]] || merged+="r-$name 1"$'\n'
  done <<< "$repair_pairs"
  repair_device_end
  merged+="r-device-end $(chunk_of r-device-end)"$'\n'
  repair_overflow
  while read -r name seed writes sectors; do
    status_of "r-$name" > "$work/r-$name.status"
    cp "$work/r-$name.o" "$work/r-$name.side"
    "$SCRIBBLE" "$work/r-$name.side" "$seed" "$writes" "$sectors"
    "$SCRIBBLE" "$work/r-$name.want" $((seed + 1)) "$writes" "$sectors"
    used+="r-$name $(chunk_of "r-$name") $seed $writes $sectors"$'\n'
  done <<< "$repair_used"
  while read -r name _; do
    [ -n "$name" ] || continue
    status_of "$name" > "$work/$name.status"
    mapfile -t -O ${#disks[@]} disks < <(pair_disks "$name")
  done <<< "$merged$used"
  machine_start repair pairs \
    "shown='$shown' merged='$merged' used='$used'"$'\n'"$(< "$here/repair.job")" \
    "${disks[@]}"
}

repair_store() # FILE "DIRECTIVE; DIRECTIVE..."
{
  printf '%s\n' "$repair_base" "${2//; /$'\n'}" |
    "$MKSTORE" -q - "$work/$1" || ok 1 "$1: a store is made"
}

# psnap repairs a pair, wholly.
repairs() # NAME [OPTION...]
{
  local name=$1 output

  shift
  output=$("$PSNAP" repair -y --no-undo "$@" "$work/$name.s" "$work/$name.o" 2>&1)
  (($? == 1))
  ok $? "$name: psnap repairs it"
  "$PSNAP" check -q "$work/$name.s" "$work/$name.o" ||
    printf '#   %s\n' "${output//$'\n'/$'\n#   '}"
}

# What was as full as it can be gets the exception that the kernel had no room
# for, and no longer loads. Then it has to show again what it showed.
repair_device_end()
{
  gzip -dc "$here/../corpus/device-end/cow.img.gz" > "$work/r-device-end.s"
  gzip -dc "$here/../corpus/device-end/origin.img.gz" > "$work/r-device-end.o"
  # Chunk 1 is area 0, and its last slot is for origin chunk 2047, chunk 257.
  printf '\377\007\0\0\0\0\0\0\001\001\0\0\0\0\0\0' |
    dd of="$work/r-device-end.s" bs=16 seek=511 conv=notrunc 2> /dev/null
  same "$("$PSNAP" check --output=json "$work/r-device-end.s" |
    jq -r .verdict.kernel)" refuses "r-device-end: no area can follow its last"
  repairs r-device-end
  "$B/tests/view" "$work/r-device-end.s" "$work/r-device-end.o" \
    > "$work/r-device-end.want"
  same "$(sum r-device-end.want)" "$(recorded device-end kernel-view)" \
    "r-device-end: psnap shows what the kernel showed"
}

# Nobody knows what the kernel would have shown of the overflowed snapshot: it
# is the origin, and over it what was committed to the store.
repair_overflow()
{
  gzip -dc "$here/../corpus/overflow/cow.img.gz" > "$work/r-overflow.s"
  gzip -dc "$here/../corpus/overflow/origin.img.gz" > "$work/r-overflow.o"
  "$B/tests/view" "$work/r-overflow.s" "$work/r-overflow.o" \
    > "$work/r-overflow.want"
  repairs r-overflow --grow=8M
  same "$(stat -c %s "$work/r-overflow.s")" 8388608 "r-overflow: it has grown"
}

repair_judge()
{
  local name seed writes sectors

  machine_ends repair
  for name in $repair_damaged; do
    same_bytes "d-$name.v" "r-$name.want" \
      "$name: what was damaged shows the same, if the kernel loads it"
  done
  while IFS='|' read -r name _; do
    [[ $repair_used == *"$name "* ]] || repair_merged "r-$name"
  done <<< "$repair_pairs"
  repair_merged r-device-end
  while read -r name seed writes sectors; do
    name=r-$name
    repair_loaded "$name"
    same_bytes "$name.o" "$name.side" "$name: so does its origin"
    same "$(status_of "$name")" "$(answer repair "$name" used)" \
      "$name: the kernel takes it into use, with the status that psnap says"
    same_view "$name" "$name: psnap shows what the kernel shows after that"
    merges "$name" "$name: psnap merges it"
  done <<< "$repair_used"
}

repair_merged() # NAME
{
  repair_loaded "$1"
  same_bytes "$1.o" "$1.want" "$1: the kernel merges it"
  is_emptied "$1"
}

repair_loaded() # NAME
{
  same "$(answer repair "$1" loaded)" "$(< "$work/$1.status")" \
    "$1: the kernel loads it, with the status that psnap said"
  same_bytes "$1.v" "$1.want" "$1: the kernel shows what it has to"
}
