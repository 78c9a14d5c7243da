# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Stores that the kernel makes: chunks of all sizes, random exceptions by the
# thousand, origins that end within a chunk. psnap sees what the kernel saw, and
# merges them. Sourced by run; the pairs are the start of resumed and cut.

# NAME CHUNK_SECTORS SEED WRITES SECTORS ORIGIN_SECTORS STORE_SECTORS: so many
# writes of up to SECTORS on either side.
made_pairs='c1 1 10 700 3 4097 9000
c8 8 20 1200 8 24579 50000
c128 128 30 100 200 32773 60000
c2048 2048 40 8 300 24583 40000'

made_start()
{
  local name chunk seed writes sectors origin store used='' disks=()

  while read -r name chunk seed writes sectors origin store; do
    head -c $((origin * 512)) /dev/urandom > "$work/$name.o"
    truncate -s $((store * 512)) "$work/$name.s"
    # What each side has to be in the end is what was written to that side.
    cp "$work/$name.o" "$work/$name.side"
    cp "$work/$name.o" "$work/$name.want"
    "$SCRIBBLE" "$work/$name.side" "$seed" "$writes" "$sectors"
    "$SCRIBBLE" "$work/$name.want" $((seed + 1)) "$writes" "$sectors"
    used+="$name $chunk $seed $writes $sectors"$'\n'
    mapfile -t -O ${#disks[@]} disks < <(pair_disks "$name")
  done <<< "$made_pairs"
  machine_start made pairs "merged='' used='$used'" "${disks[@]}"
}

made_judge()
{
  local name chunk seed writes sectors origin store

  # All that follows begins with its pairs.
  machine_ends made || finish
  while read -r name chunk seed writes sectors origin store; do
    same_bytes "$name.o" "$name.side" "$name: the kernel's origin has what was written to it"
    same_bytes "$name.v" "$name.want" "$name: so has its snapshot"
    same "$(status_of "$name")" "$(answer made "$name" used)" \
      "$name: status as the kernel prints it"
    same_view "$name" "$name: psnap shows what the kernel shows"
  done <<< "$made_pairs"
  (($(exceptions_of c8) + $(exceptions_of c1) > 3000))
  ok $? "there are thousands of exceptions"
  made_merge c1
  made_merge c8 --verify
  made_merge c128 --batch=1M --skip-equal
  made_merge c2048 --undo="$work/undo"
}

made_merge() # NAME OPTION...
{
  local name=$1

  shift
  pair_copy "$name" "$name.p"
  merges "$name.p" "$name.p: psnap merges what the kernel made $*" "$@"
  rm -f "$work/$name.p".*
}
