# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Emulated machines: starting one with a job and its disks, what it answers, and
# its end. What the jobs are about is for others. Sourced; wants
#   $machine   the directory that tests/kernel/setup made ready
#   $here      where the jobs are
#   $work      a directory that is gone afterwards
#
# No hardware acceleration, so that it is the same everywhere. The host's cache
# takes all writes: killing the emulator is a power cut for the machine, and
# what had been written is there.

declare -A machine_pid=()

# Programs that every machine gets, with their libraries, as one archive.
machine_programs() # PROGRAM...
{
  mkdir "$work/programs" || return
  "$here/carry" "$work/programs" "$@"
}

# machine_start NAME JOB VARIABLES [SERIAL=FILE[,OPTION...]]... : run JOB.job,
# with the lines VARIABLES before it, in a machine called NAME. Options as those
# of qemu's -drive. It runs beside the caller.
machine_start()
{
  local name=$1 dir=$work/machine.$1 i=0 disk address

  rm -rf "$machine/failed.$name"
  mkdir -p "$dir" || return
  { printf '%s\n' "$3"; cat "$here/$2.job"; } > "$dir/job"
  shift 3
  tar -cf "$dir/job.tar" -C "$work/programs" . -C "$dir" job || return
  # q35, because there a disk more costs next to nothing when it starts, if the
  # firmware does not look at it. What a newer processor knows has to be emulated.
  # Could there never be a second one, qemu 7.2 would leave out all barriers; then
  # kernel and disk now and then each miss what the other has told it, and wait.
  local command=(qemu-system-x86_64 -machine q35 -accel tcg -cpu qemu64
    -smp "1,maxcpus=2" -m 384
    -bios qboot.rom -nodefaults -display none -no-reboot
    -kernel "$machine/vmlinuz" -initrd "$machine/initrd"
    -append "console=ttyS0 quiet panic=-1 mitigations=off"
    -serial "file:$dir/console" -serial "file:$dir/answers")
  for disk in "job=$dir/job.tar" "$@"; do
    # Eight in a slot, or there is no room for all.
    address=$(printf '%x.%x' $((i / 8 + 1)) $((i % 8)))
    command+=(-drive
      "if=none,id=d$i,format=raw,cache=${machine_cache:-unsafe},file=${disk#*=}"
      -device
      "virtio-blk-pci,drive=d$i,serial=${disk%%=*},multifunction=on,addr=$address")
    i=$((i + 1))
  done
  : > "$dir/answers"
  "${command[@]}" < /dev/null > "$dir/qemu" 2>&1 &
  machine_pid[$name]=$!
}

machine_kill() # NAME
{
  [ -n "${machine_pid[$1]:-}" ] || return 0
  kill -KILL "${machine_pid[$1]}" 2> /dev/null
  wait "${machine_pid[$1]}" 2> /dev/null
  unset "machine_pid[$1]"
}

# For a trap: no machine outlives the tests.
machine_kill_all()
{
  local name

  for name in "${!machine_pid[@]}"; do machine_kill "$name"; done
}

# machine_comes_to NAME TEXT [LINE] : TEXT is that the machine ran until it was
# off, or, with LINE, until it said that. False if it is not true; then what the
# machine said is kept.
machine_comes_to()
{
  local status

  machine_wait "$1" "${@:3}"
  status=$?
  ok $status "$2"
  ((status == 0)) || machine_keep "$1" | sed 's/^/# /'
  return $status
}

machine_wait() # NAME [LINE]
{
  local i

  # No machine here has half as much to do; it is for one that hangs.
  for ((i = 0; i < 3000; i++)); do
    if ! kill -0 "${machine_pid[$1]}" 2> /dev/null; then
      wait "${machine_pid[$1]}" 2> /dev/null
      unset "machine_pid[$1]"
      break
    fi
    [ $# -lt 2 ] || ! answered "$1" "$2" || return 0
    sleep 0.1
  done
  answered "$1" "${2:-- done}"
}

# All that machine NAME said, where the end of the tests leaves it.
machine_keep()
{
  local dir=$work/machine.$1 keep=$machine/failed.$1

  mkdir -p "$keep" || return
  cp "$dir"/{job,console,answers,qemu} "$keep"
  tail -n 15 "$keep"/{console,answers,qemu}
}

answered() # NAME LINE
{
  grep -Fqx -e "$2" "$work/machine.$1/answers"
}

# What machine NAME said about KEY of PAIR: the rest of the line, or nothing.
answer() # NAME PAIR KEY
{
  sed -n "s/^$2 $3 //p" "$work/machine.$1/answers" | tail -n 1
}

# The machine came to the end of its job, and its kernel had nothing to say. False
# if it did not come to its end.
machine_ends() # NAME
{
  local status

  machine_comes_to "$1" "$1: the machine comes to the end of its job"
  status=$?
  grep -E '^- grumble|^[^ ]+ (refused|failed|unreadable)' "$work/machine.$1/answers" |
    none "$1: nothing went wrong in its kernel"
  return $status
}
