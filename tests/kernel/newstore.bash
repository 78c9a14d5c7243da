# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Stores that psnap makes anew of those of made, with chunks of other sizes, and
# of the origin and what the snapshot has to show: the kernel loads them, shows
# the same, merges them to the same end, and goes on with one that has room.
# Sourced by run, after made.

# NAME FROM OPTION... : merged as they are. A table of 64 entries with chunks of
# 512 bytes just fills its areas.
newstore_merged='n1 c8 --chunk-size=512
n2 c8 --chunk-size=64K --drop-equal
n3 c1 --chunk-size=4K --size=20M
n4 c128 --chunk-size=8K
n5 c2048 --chunk-size=4M
n6 c2048 --chunk-size=2K --drop-equal
n7 fills
n8 c8 -f raw --chunk-size=1M
n9 c1 -f raw --chunk-size=512'

# SEED WRITES SECTORS NAME FROM OPTION... : used first, from both sides.
newstore_used='50 300 8 m1 c8 --chunk-size=16K --size=40M
60 300 8 m2 fills --size=10M
70 100 200 m3 c128 -f raw --chunk-size=4K --size=40M'

newstore_start()
{
  local name from options seed writes sectors used='' merged='' disks=()

  newstore_fills
  while read -r name from options; do
    newstore_pair "$name" "$from" "$options"
    merged+="$name $(chunk_of "$name")"$'\n'
  done <<< "$newstore_merged"
  while read -r seed writes sectors name from options; do
    newstore_pair "$name" "$from" "$options"
    "$SCRIBBLE" "$work/$name.want" $((seed + 1)) "$writes" "$sectors"
    used+="$name $(chunk_of "$name") $seed $writes $sectors"$'\n'
  done <<< "$newstore_used"
  machine_start newstore pairs "used='$used' merged='$merged'" "${disks[@]}"
}

# A pair whose table has no slot free before the area that ends it.
newstore_fills()
{
  printf '%s\n' 'chunk 512' 'alloc 30 20' 'alloc 100 44' 'data pattern' |
    "$MKSTORE" -q - "$work/fills.s"
  head -c $((301 * 512)) /dev/urandom > "$work/fills.o"
  "$B/tests/view" "$work/fills.s" "$work/fills.o" > "$work/fills.want"
}

# Adds to disks of the caller.
newstore_pair() # NAME FROM OPTIONS
{
  local name=$1 from=$2 options
  local inputs=("$work/$from.s" "$work/$from.o")

  read -ra options <<< "$3"
  [[ $3 != *'-f raw'* ]] || inputs=("$work/$from.o" "$work/$from.want")
  runs "$name: psnap makes a store of $from $3" "$PSNAP" convert -q -O store \
    "${options[@]}" "${inputs[@]}" "$work/$name.s"
  cp --sparse=always "$work/$from.o" "$work/$name.o"
  cp --sparse=always "$work/$from.want" "$work/$name.want"
  status_of "$name" > "$work/$name.status"
  mapfile -t -O ${#disks[@]} disks < <(pair_disks "$name")
}

newstore_judge()
{
  local name from options seed writes sectors

  machine_ends newstore
  while read -r name from options; do
    newstore_loaded "$name"
    same_bytes "$name.v" "$name.want" "$name: it shows what the old one showed"
    same_bytes "$name.o" "$name.want" "$name: and merges to that"
    is_emptied "$name"
  done <<< "$newstore_merged"
  while read -r seed writes sectors name from options; do
    newstore_loaded "$name"
    same_bytes "$name.v" "$name.want" "$name: it shows that and what was written to it"
    same "$(status_of "$name")" "$(answer newstore "$name" used)" \
      "$name: status as the kernel prints it"
    same_view "$name" "$name: psnap shows what the kernel shows"
  done <<< "$newstore_used"
}

newstore_loaded() # NAME
{
  same "$(answer newstore "$1" loaded)" "$(< "$work/$1.status")" \
    "$1: the kernel loads it, with the status that psnap said"
}
