# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The ways in which psnap merge and psnap undo are run, and which of their
# system calls are hit: the directories that trial.bash works with.
# shellcheck disable=SC2154 # PSNAP, MKSTORE, B, work, command come from others

make_pair() { # NAME ORIGIN_BYTES <RECIPE
  mkdir "$work/$1"
  "$MKSTORE" -q - "$work/$1/store"
  head -c "$2" /dev/urandom > "$work/$1/origin"
  "$B/tests/view" "$work/$1"/{store,origin} > "$work/$1/view"
  (cd "$work/$1" && b2sum store origin > original)
}

# Run a way undisturbed, in $work/try; the state after it is its end. MERGED is
# the file that shows the snapshot then; -: none does.
find_end() { # WAY MERGED
  local files=(store origin)
  rm -rf "$work/try"
  mkdir "$work/try"
  (
    cd "$work/try" && begin "$1" &&
      strace -qq -o "$work/$1/trace" "$PSNAP" "${command[@]}" > out 2> err &&
      [[ ! -s err ]] &&
      { [[ ! -e $work/$1/view ]] || view_fits "$1"; } &&
      { [[ $2 == - ]] || cmp "$2" "$work/$1/view"; } &&
      { [[ ! -e $work/$1/done ]] || sums_fit "$1" "done"; } || exit 1
    [[ ! -e target ]] || files+=(target)
    b2sum "${files[@]}" > "$work/$1/done"
  )
  ok $? "$1: comes to its end undisturbed"
}

# A way to merge a pair.
way() { # WAY PAIR MERGED WORD...
  local way=$1 pair=$2 merged=$3
  shift 3
  mkdir "$work/$way"
  ln "$work/$pair"/{store,origin,original,view} "$work/$way"
  printf '%s\n' "$@" > "$work/$way/command"
  find_end "$way" "$merged"
}

# And the way back from where such a way has ended, just now.
way_back() { # WAY MERGE
  mkdir "$work/$1"
  mv "$work/try"/{store,origin,undo} "$work/$1"
  cp "$work/$2/done" "$work/$1/original"
  cp "$work/$2/original" "$work/$1/done"
  printf '%s\n' undo undo store origin > "$work/$1/command"
  find_end "$1" -
}

make_ways() {
  printf '%s\n' 'chunk 512' 'scatter 40 56 7' 'data pattern' |
    make_pair small $((56 * 512 - 100))
  printf '%s\n' 'chunk 512' 'scatter 6000 8000 7' 'data pattern' |
    make_pair large $((8000 * 512 - 100))
  way merge small origin merge --batch=4K store origin
  way saving small origin merge --batch=4K --undo=undo store origin
  way_back undo saving
  way part-saving small - merge --range=9..35 --undo=undo store origin
  way equal small origin \
    merge --batch=4K --skip-equal --verify store origin
  way keep small origin merge --batch=4K --keep-store store origin
  way salvage small origin merge --batch=4K --salvage store origin
  way target small target merge --target=target store origin
  way large-merge large origin merge --batch=512K store origin
  way large-saving large origin \
    merge --batch=512K --undo=undo store origin
  way_back large-undo large-saving
}

# Which calls of a name are psnap's: the first and the last. What the dynamic
# linker does before is not.
range_of() { # WAY CALL
  awk -v call="${2/#all/[a-z]}" '
    /rt_sigaction\(SIGPIPE/ && !begun { begun = 1; before = n }
    $0 ~ "^" call { n++ }
    END { print before + 1, n + 0 }' "$work/$1/trace"
}

# The trials of one call: at most MAX for each HOW, evenly spread.
list_call() { # WAY CALL MAX HOW...
  local way=$1 call=$2 max=$3 how first last all count i
  shift 3
  read -r first last < <(range_of "$way" "$call")
  all=$((last - first + 1))
  count=$((all < max ? all : max))
  for how in "$@"; do
    for ((i = 0; i < count; i++)); do
      echo "$way $call $how $((first + i * all / count))"
    done
  done
}

list_main_way() { # WAY
  list_call "$1" pwrite64 80 SIGKILL EIO
  list_call "$1" pwrite64 30 ENOSPC EIO+ SIGINT
  list_call "$1" pwrite64 10 EINTR
  list_call "$1" fsync 40 SIGKILL EIO
  list_call "$1" fsync 15 ENOSPC EIO+ SIGTERM EINTR
  list_call "$1" pread64 25 SIGKILL EIO
  list_call "$1" pread64 12 EIO+ EINTR
  list_call "$1" openat 20 EIO
  list_call "$1" openat 5 EMFILE+
  list_call "$1" close 20 EIO
  list_call "$1" newfstatat 10 EIO
  list_call "$1" mmap 10 ENOMEM ENOMEM+
  list_call "$1" brk 10 ENOMEM+
  list_call "$1" flock 5 EIO
  list_call "$1" fadvise64 5 EINVAL+
  list_call "$1" write 5 EIO SIGINT
  list_call "$1" all 20 SIGKILL
}

list_other_way() { # WAY
  list_call "$1" pwrite64 18 SIGKILL EIO ENOSPC SIGINT
  list_call "$1" fsync 10 SIGKILL EIO SIGTERM
  list_call "$1" pread64 15 SIGKILL EIO
  list_call "$1" all 10 SIGKILL
}

list_ways() {
  local way
  for way in merge saving undo part-saving; do list_main_way $way; done
  for way in equal keep salvage target; do list_other_way $way; done
  list_call target close 20 EIO
  list_call target renameat 1 SIGKILL EIO
}
