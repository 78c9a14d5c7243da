# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Pairs on the host: making, copying and cutting them, and what psnap says of
# them. A pair NAME in $work is NAME.s and NAME.o, store and origin; NAME.v takes
# what a kernel shows of it, NAME.want is what it has to show. Sourced.

# pair_copy FROM TO : with what it has to show.
pair_copy()
{
  local part

  for part in s o want; do
    cp --sparse=always "$work/$1.$part" "$work/$2.$part" || return
  done
}

# The disks of a pair as arguments of machine_start, with a third one for what
# the snapshot shows.
pair_disks() # NAME
{
  truncate -s "$(stat -c %s "$work/$1.o")" "$work/$1.v"
  printf '%s\n' "$1.s=$work/$1.s" "$1.o=$work/$1.o" "$1.v=$work/$1.v"
}

# Sectors of a chunk, as the header has it.
chunk_of() # NAME
{
  od -A n -t u4 -j 12 -N 4 "$work/$1.s" | tr -d ' '
}

# What psnap check says, as far as it has to be what the kernel says; and how
# many exceptions there are.
status_of() # NAME
{
  "$PSNAP" check --output=json "$work/$1.s" "$work/$1.o" | jq -r .usage.status
}
exceptions_of() # NAME
{
  "$PSNAP" check --output=json "$work/$1.s" | jq -r '.table.exceptions // 0'
}

# What nobody said is nothing to compare with.
same() # GOT WANT TEXT
{
  [ -n "$2" ] && [ "$1" = "$2" ]
  ok $? "$3"
  [ -n "$2" ] && [ "$1" = "$2" ] || echo "#   got '$1', want '$2'"
}

# same_bytes FILE FILE TEXT : as files in $work.
same_bytes()
{
  cmp "$work/$1" "$work/$2" 2>&1 | none "$3"
}

# psnap merges a pair, to the end.
merges() # NAME TEXT [OPTION...]
{
  local name=$1 text=$2

  shift 2
  runs "$text" "$PSNAP" merge -q "$@" "$work/$name.s" "$work/$name.o"
  same_bytes "$name.o" "$name.want" "$name: the origin is what the snapshot was"
  is_emptied "$name"
}

# A store that the kernel would use again, whoever merged it.
is_emptied() # NAME
{
  local chunk

  chunk=$(chunk_of "$1")
  # The header and one area are in use.
  same "$(status_of "$1")" \
    "$((2 * chunk))/$(($(stat -c %s "$work/$1.s") / 512)) $((2 * chunk))" \
    "$1: the store is empty"
  "$PSNAP" check -q "$work/$1.s"
  ok $? "$1: and nothing is wrong with it"
}

# psnap_killed CALL NUMBER ARGUMENT... : psnap, until that system call.
psnap_killed()
{
  # The inner shell is the one that says "Killed", where nobody hears it.
  (strace -qq -o "$work/trace" -e "trace=$1" \
    -e "inject=$1:signal=SIGKILL:when=$2" "$PSNAP" "${@:3}"; :) 2> /dev/null
}

# psnap_stops_half NAME CALL [OPTION...] : psnap merges the pair until half of
# all system calls CALL are done that it takes, and is killed there. Batches are
# small, so that it goes through many. Where writes to the origin are not handed
# over with io_uring_enter, each is a pwrite64.
psnap_stops_half()
{
  local name=$1 call=$2 batch calls

  shift 2
  batch=$(($(exceptions_of "$name") * $(chunk_of "$name") * 512 / 8))
  calls=$(psnap_calls "$name" "$call" "--batch=$batch" "$@")
  if [ "$call" = io_uring_enter ] && ((calls == 0)); then
    call=pwrite64
    calls=$(psnap_calls "$name" "$call" "--batch=$batch" "$@")
  fi
  psnap_stops_at "$name" "$call" $((calls / 2)) "--batch=$batch" "$@"
}

# psnap_stops_clearing NAME [OPTION...] : psnap has copied everything, and is
# killed when half of the areas are cleared.
psnap_stops_clearing()
{
  local name=$1 chunk calls areas

  shift
  chunk=$(chunk_of "$name")
  calls=$(psnap_calls "$name" pwrite64 --batch=1G "$@")
  # 32 entries a sector; each area is cleared with one write.
  areas=$(($(exceptions_of "$name") / (chunk * 32)))
  psnap_stops_at "$name" pwrite64 $((calls - areas / 2)) --batch=1G "$@"
}

# How many system calls CALL the merge of a copy takes. How an origin is written
# depends on its holes.
psnap_calls() # NAME CALL OPTION...
{
  cp --sparse=auto "$work/$1.s" "$work/$1.whole.s" || return
  cp --sparse=auto "$work/$1.o" "$work/$1.whole.o" || return
  strace -qq -o "$work/trace" -e "trace=$2" \
    "$PSNAP" merge -q "${@:3}" "$work/$1.whole.s" "$work/$1.whole.o"
  rm -f "$work/$1.whole".*
  wc -l < "$work/trace"
}

psnap_stops_at() # NAME CALL NUMBER OPTION...
{
  local total left

  total=$(exceptions_of "$1")
  psnap_killed "$2" "$3" merge -q "${@:4}" "$work/$1.s" "$work/$1.o"
  left=$(exceptions_of "$1")
  ((left * 5 > total && left * 5 < total * 4))
  ok $? "$1: psnap was killed half-way, at a $2"
  echo "#   $left of $total exceptions are left after $3 calls"
}

# psnap_stops_moving NAME OPTION... : psnap merges a part of the pair, and is
# killed when entries that stay have been moved and stand in both places.
psnap_stops_moving()
{
  local name=$1 call twice=0

  shift
  for ((call = 2; call < 12 && twice == 0; call++)); do
    # What was cut earlier is gone on with.
    psnap_killed fsync $call merge -q "$@" "$work/$name.s" "$work/$name.o"
    twice=$("$PSNAP" check --output=json "$work/$name.s" |
      jq '.counts["duplicate-same"] // 0')
  done
  ((twice > 0))
  ok $? "$name: psnap was killed when it moved what stays"
  echo "#   $twice entries stand twice"
}

# What psnap's view of the pair is, read by the program that the tests have.
same_view() # NAME TEXT
{
  "$B/tests/view" "$work/$1.s" "$work/$1.o" | cmp - "$work/$1.want" 2>&1 |
    none "$2"
}
