#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The first process of the emulated machine, and the words in which its jobs
# are written. It makes the disks known by their serial numbers, runs the job it
# was given, and switches the machine off. A job is a file NAME.job beside this
# one; what its answers should have been is not for the machine to judge.
#
# A pair NAME is /disk/NAME.s and /disk/NAME.o, store and origin; /disk/NAME.v
# takes what the snapshot shows. Answers go out on the second serial line, one
# "NAME KEY VALUE..." a line, where no message of the kernel comes between.
# shellcheck shell=dash

export PATH=/bin:/sbin:/usr/bin:/usr/sbin DM_DISABLE_UDEV=1

tell() # NAME KEY VALUE...
{
  # Opened each time: closing a serial line waits until all of it is sent.
  echo "$*" > /dev/ttyS1
}

# What the kernel says of a device, from the fourth word on.
status_of() # DEVICE
{
  # shellcheck disable=SC2046 # several words
  set -- $(dmsetup status "$1")
  shift 3
  echo "$*"
}

create() # DEVICE LENGTH_SECTORS TARGET ARGUMENT...
{
  local device=$1

  shift
  dmsetup create "$device" --table "0 $*" 2> /tmp/error || {
    tell "$device" refused "$(tr '\n' ' ' < /tmp/error)"
    return 1
  }
}

# The snapshot NAME and, for writing beside it, the origin NAME.base. It takes
# this machine longer to run dmsetup than to do what it says: once for both.
load() # NAME CHUNK_SECTORS
{
  local sectors

  sectors=$(blockdev --getsz "/disk/$1.o")
  dmsetup create --concise \
    "$1,,,rw,0 $sectors snapshot /disk/$1.o /disk/$1.s P $2;$(
    )$1.base,,,rw,0 $sectors snapshot-origin /disk/$1.o" 2> /tmp/error || {
    tell "$1" refused "$(tr '\n' ' ' < /tmp/error)"
    return 1
  }
}

unload() # NAME
{
  dmsetup remove "$1" "$1.base"
}

# What the snapshot shows, written where the host can compare it.
show() # NAME
{
  dd if="/dev/mapper/$1" of="/disk/$1.v" bs=1M iflag=direct oflag=direct \
    conv=fsync 2> /dev/null ||
    tell "$1" unreadable
}

# Written to by both sides at the same time, each in its own order.
use() # NAME SEED COUNT SECTORS
{
  scribble "/dev/mapper/$1.base" "$2" "$3" "$4" || tell "$1" failed origin &
  scribble "/dev/mapper/$1" "$(($2 + 1))" "$3" "$4" || tell "$1" failed snapshot
  wait $!
}

start_merge() # NAME CHUNK_SECTORS
{
  create "$1" "$(blockdev --getsz "/disk/$1.o")" \
    snapshot-merge "/disk/$1.o" "/disk/$1.s" P "$2"
}

# Wait until no more than LEFT sectors of exceptions are left in the store, or
# something went wrong, which the status tells; it is left in $status.
wait_merge() # NAME LEFT
{
  local allocated

  while :; do
    usleep 100000
    status=$(status_of "$1")
    allocated=${status%%/*}
    case $status in
      */*) [ $((allocated - ${status##* })) -gt "$2" ] || return ;;
      *) return ;;
    esac
    usleep 200000
  done
}

merge() # NAME CHUNK_SECTORS
{
  start_merge "$1" "$2" || return
  wait_merge "$1" 0
  tell "$1" merged "$status"
  dmsetup remove "$1"
}

boot()
{
  local block module

  mount -t proc proc /proc
  mount -t sysfs sys /sys
  mount -t devtmpfs dev /dev
  stty -F /dev/ttyS1 raw
  for module in /modules/*.ko; do insmod "$module"; done
  mkdir -p /disk /tmp
  for block in /sys/block/vd*; do
    ln -s "/dev/${block##*/}" "/disk/$(cat "$block/serial")"
  done
  tar -x -f /disk/job -C / || tell - failed "no job"
}

boot
# Whoever started the machine may be gone: it does not run for ever. Before that
# it says on its console who is waiting for what.
(
  sleep 240
  echo 7 > /proc/sys/kernel/printk
  echo w > /proc/sysrq-trigger
  sleep 60
  poweroff -f
) &
# A subshell, so that a job that ends early still comes back here.
# shellcheck source=/dev/null
(. /job)
sync
# The kernel may be content with what psnap left, and grumble nevertheless.
dmesg | grep -E 'device-mapper: (snap|table)|BUG|WARNING|Oops|I/O error' |
  while read -r line; do tell - grumble "$line"; done
tell - "done"
poweroff -f
