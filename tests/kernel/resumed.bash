# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# What psnap left half done or did in part, in the hands of the kernel: it shows
# the same, prints the same figures, merges the rest, or goes on using the pair
# as a snapshot. Sourced by run; starts from the pairs of made.

# NAME FROM HOW...: a pair of made, and what psnap does to it first.
resumed_merged='half-1 c1 psnap_stops_clearing
half-8 c8 psnap_stops_half io_uring_enter
half-128 c128 psnap_stops_half fsync --skip-equal
half-2048 c2048 psnap_stops_half io_uring_enter --verify
range-128 c128 psnap_merges_part --range=5001..20007
exclude-1 c1 psnap_merges_part --exclude=0..101 --exclude=3000..4097
moved-1 c1 psnap_stops_moving --range=0..1200'

# The same, and SEED WRITES SECTORS for what is written to both sides then.
resumed_used='50 150 30 emptied-8 c8 psnap_merges_all
60 60 100 half-used-128 c128 psnap_stops_half fsync
70 150 2 range-used-1 c1 psnap_merges_part --range=500..2500'

psnap_merges_all() # NAME
{
  runs "$1: psnap merges it" "$PSNAP" merge -q "$work/$1.s" "$work/$1.o"
}

# psnap_merges_part NAME OPTION... : some exceptions are merged, and some stay.
psnap_merges_part()
{
  local name=$1 before left

  before=$(exceptions_of "$name")
  shift
  runs "$name: psnap merges a part of it" \
    "$PSNAP" merge -q "$@" "$work/$name.s" "$work/$name.o"
  left=$(exceptions_of "$name")
  ((left > 0 && left < before))
  ok $? "$name: the rest is left in the store"
  echo "#   $left of $before exceptions are left"
}

resumed_start()
{
  local name from how seed writes sectors used='' merged='' disks=()

  while read -r name from how; do
    resumed_pair "$name" "$from" "$how"
    merged+="$name $(chunk_of "$name")"$'\n'
  done <<< "$resumed_merged"
  while read -r seed writes sectors name from how; do
    resumed_pair "$name" "$from" "$how"
    "$SCRIBBLE" "$work/$name.want" $((seed + 1)) "$writes" "$sectors"
    used+="$name $(chunk_of "$name") $seed $writes $sectors"$'\n'
  done <<< "$resumed_used"
  machine_start resumed pairs "used='$used' merged='$merged'" "${disks[@]}"
}

# Adds to disks of the caller.
resumed_pair() # NAME FROM HOW
{
  local function option

  read -r function option <<< "$3"
  pair_copy "$2" "$1"
  # shellcheck disable=SC2086 # several words on purpose
  "$function" "$1" $option
  # Entries that stand twice are nothing for the program that reads views.
  [ "$function" = psnap_stops_moving ] ||
    same_view "$1" "$1: psnap shows what it showed before"
  status_of "$1" > "$work/$1.status"
  mapfile -t -O ${#disks[@]} disks < <(pair_disks "$1")
}

resumed_judge()
{
  local name from how seed writes sectors

  machine_ends resumed
  while read -r name from how; do
    resumed_loaded "$name"
    same_bytes "$name.o" "$name.want" "$name: the kernel merges the rest"
    is_emptied "$name"
  done <<< "$resumed_merged"
  while read -r seed writes sectors name from how; do
    resumed_loaded "$name"
    same "$(status_of "$name")" "$(answer resumed "$name" used)" \
      "$name: the kernel takes it into use, with the status that psnap says"
    same_view "$name" "$name: psnap shows what the kernel shows after that"
    merges "$name" "$name: psnap merges it"
  done <<< "$resumed_used"
}

resumed_loaded() # NAME
{
  same "$(answer resumed "$1" loaded)" "$(< "$work/$1.status")" \
    "$1: the kernel loads it, with the status that psnap said"
  same_bytes "$1.v" "$1.want" "$1: the kernel shows what it has to"
}
