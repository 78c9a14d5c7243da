# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# psnap inside the machine, on real devices: what device-mapper uses is refused
# and left alone, can be looked at, and can be merged once it is free. Sourced by
# run; starts from the pairs of made.

busy_start()
{
  local disks=()

  pair_copy c1 held
  pair_copy c128 live
  pair_copy c8 own
  mapfile -t disks < <(pair_disks held; pair_disks live; pair_disks own)
  machine_start busy busy "chunk_held=1 chunk_live=128 chunk_own=8" "${disks[@]}"
}

busy_judge()
{
  local state

  machine_ends busy
  refused held below "its devices are under others"
  refused held active "the snapshot is active"
  refused held store-active "the snapshot is active, and named as the origin"
  refused held origin-active "only the origin is active"
  same "$(answer busy held dry | cut -c 1-2)" "0 " \
    "held: a dry run may look at it"
  for state in s o; do
    same_bytes "held.$state" "c1.$state" "held: held.$state is as it was"
  done

  same "$(answer busy live check | jq -r .usage.status)" \
    "$(answer busy live used)" \
    "live: psnap check in the machine says what its kernel says"

  same "$(answer busy own merge)" "0 " "own: psnap merges it in the machine"
  same "$(answer busy own undo)" "0 " "own: psnap undo puts it back"
  same "$(answer busy own loaded)" "$(status_of c8)" \
    "own: for the kernel it is as before"
  same_bytes own.v c8.want "own: and it shows the same"
  refused own active-undo "psnap undo, while the snapshot is active"
  same "$(answer busy own again)" "0 " "own: psnap merges it again"
  refused own merging "the kernel has it for merging"
  same "$(answer busy own merged)" \
    "16/$(($(stat -c %s "$work/own.s") / 512)) 16" \
    "own: for the kernel there is nothing to merge"
  same_bytes own.o own.want "own: the origin is what the snapshot was"
  is_emptied own
}

refused() # NAME KEY TEXT
{
  answer busy "$1" "$2" | grep -qE '^8 psnap-[a-z]+: .* is (held by|in use)'
  ok $? "$1: refused, $3"
  echo "#   $(answer busy "$1" "$2")"
}
