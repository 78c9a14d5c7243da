# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# The pairs of tests/corpus, each cut at half of a psnap merge: today's kernel
# loads them, sees what was recorded when they were made, and merges them to the
# end that was recorded. A linear table that psnap makes of a pair shows the same
# without dm-snapshot, and of the one that dm-snapshot refuses what psnap says.
# Sourced by run.

# CASE and the system call that is counted. The overflowed one has no view.
corpus_cases='use-4k pwrite64
use-64k fsync
full-area pwrite64
device-end fsync
power-cut io_uring_enter
interrupted-merge fsync'

recorded() # CASE KEY
{
  sed -n "s/^$2 //p" "$here/../corpus/$1/expected" | head -n 1
}

corpus_start()
{
  local case call merged='' linear='' disks=()

  while read -r case call; do
    gzip -dc "$here/../corpus/$case/cow.img.gz" > "$work/$case.s"
    gzip -dc "$here/../corpus/$case/origin.img.gz" > "$work/$case.o"
    : > "$work/$case.want"
    psnap_stops_half "$case" "$call"
    status_of "$case" > "$work/$case.status"
    merged+="$case $(chunk_of "$case")"$'\n' linear+="$case"$'\n'
    mapfile -t -O ${#disks[@]} disks < <(pair_disks "$case")
  done <<< "$corpus_cases"
  gzip -dc "$here/../corpus/overflow/cow.img.gz" > "$work/overflow.s"
  gzip -dc "$here/../corpus/overflow/origin.img.gz" > "$work/overflow.o"
  "$B/tests/view" "$work/overflow.s" "$work/overflow.o" > "$work/overflow.want"
  mapfile -t -O ${#disks[@]} disks < <(pair_disks overflow)
  machine_start corpus pairs \
    "linear='${linear}overflow' used='' merged='$merged'"$'\n'"$(< "$here/convert.job")" \
    "${disks[@]}"
}

corpus_judge()
{
  local case call

  machine_ends corpus
  while read -r case call; do
    same "$(answer corpus "$case" loaded)" "$(< "$work/$case.status")" \
      "$case: the kernel loads it, with the status that psnap said"
    same "$(answer corpus "$case" view)" "$(recorded "$case" kernel-view)" \
      "$case: a linear table shows that, too"
    same "$(sum "$case.v")" "$(recorded "$case" kernel-view)" \
      "$case: the kernel sees what it saw before"
    same "$(sum "$case.o")" "$(recorded "$case" merge-merged)" \
      "$case: the kernel merges the rest to what it merged the whole"
    is_emptied "$case"
  done <<< "$corpus_cases"
  same "$(answer corpus overflow view)" "$(sum overflow.want)" \
    "overflow: a linear table shows what dm-snapshot refuses"
}

sum() # FILE
{
  sha256sum < "$work/$1" | cut -d ' ' -f 1
}
