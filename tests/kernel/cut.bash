# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# A power cut while the kernel merges: of a pair as the kernel made it, and of
# one that psnap had left half done. psnap finishes both, and also what the
# kernel gave up. Sourced by run; starts from the pairs of made.

# A table that is not in the order of allocation, as kernels before 3.13 left
# it, and psnap killed while one of its entries stands twice. It is then in the
# middle of a run for the kernel, which shows it, but may refuse to merge it.
cut_disorder()
{
  printf '%s\n' 'chunk 4K' 'size 1M' 'exc 50 5' 'exc 11 4' 'exc 9 2' \
    'exc 10 3' 'data pattern' | "$MKSTORE" -q - "$work/disorder.s"
  head -c 1M /dev/urandom > "$work/disorder.o"
  "$B/tests/view" "$work/disorder.s" "$work/disorder.o" > "$work/disorder.want"
  psnap_stops_moving disorder --range=400..408
}

cut_start()
{
  local name half steps merged='' disks=()

  pair_copy c8 cut-8
  pair_copy c1 cut-1
  psnap_stops_half cut-1 pwrite64
  for name in cut-8 cut-1; do
    exceptions_of "$name" > "$work/$name.before"
    # What the kernel does in one step is at most a run.
    steps=$("$PSNAP" check --output=json "$work/$name.s" | jq .table.runs)
    # The kernel's figures are in sectors.
    half=$(($(exceptions_of "$name") * $(chunk_of "$name") / 2))
    merged+="$name $(chunk_of "$name") $half"$'\n'
    # The store takes half of the steps as they come and then next to none, so
    # that the power is cut in the middle however slow this machine is.
    disks+=("$name.o=$work/$name.o"
      "$name.s=$work/$name.s,throttling.iops-write=5,throttling.iops-write-max=$((steps / 2 + 5))")
  done
  cut_disorder
  merged+="disorder 8 0"$'\n'
  disks+=("disorder.o=$work/disorder.o" "disorder.s=$work/disorder.s")
  machine_start cut cut "merged='$merged'" "${disks[@]}"
}

cut_judge()
{
  local name left before

  machine_comes_to cut "cut: the kernel is in the middle of two merges" "- half"
  machine_kill cut
  for name in cut-8 cut-1; do
    left=$(exceptions_of "$name") before=$(< "$work/$name.before")
    ((left > 0 && left * 4 < before * 3))
    ok $? "$name: the power cut came in the middle"
    echo "#   $left of $before exceptions are left"
    same_view "$name" "$name: psnap shows what it showed before"
    merges "$name" "$name: psnap finishes what the kernel began"
  done
  echo "#   disorder: $(answer cut disorder half)"
  merges disorder "disorder: psnap finishes what the kernel merged or gave up"
}
