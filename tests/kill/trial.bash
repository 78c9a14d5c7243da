# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One trial: a command is hit once, and then everything is asked that has to
# hold whatever hit it. Which trials there are is in ways.bash.
#
# A way is a directory $work/WAY: command (one word a line), the files as the
# command finds them (store, origin, for undoing also undo), checksums of how
# they were (original) and have to be in the end (done), and, where the snapshot
# has to show the same all the time, what it shows (view).
# shellcheck disable=SC2154 # PSNAP, B, work, tracer, never come from run

sums_fit() { # WAY original|done
  b2sum --status --check "$work/$1/$2" 2> /dev/null
}

view_fits() { # WAY
  "$B/tests/same_view" store origin "$work/$1/view"
}

# Every line is a message of psnap that says more than a system's reason.
words_fit() { # TEXT
  local line
  while IFS= read -r line; do
    [[ $line =~ ^psnap-(merge|undo):\ .+\ .+[^.]$ ]] || return 1
    [[ $line != *': Input/output'* && $line != *errno* ]] || return 1
  done <<< "$1"
}

# A failure after which nothing is as it was says how to go on.
says_how() { # TEXT
  [[ $1 == *'run the same command again'* || $1 == *': --salvage leaves '* ||
    $1 == *': left: '* ]]
}

# A file as text, without a process.
text_of() { # FILE
  IFS= read -r -d '' text < "$1" || true
  text=${text%$'\n'}
}

# How a command that was hit so may end.
ends_allowed() { # CALL HOW STATUS
  local allowed
  case $2:$1 in
    SIGKILL:*) allowed=137 ;;
    SIG*) allowed='0 32' ;;
    EINTR:fsync) allowed=8 ;;
    EINTR:* | EINVAL:fadvise64) allowed=0 ;;
    *:pwrite64 | *:fsync | *:write) allowed=8 ;;
    *:pread64) allowed='0 4 8' ;;
    *) allowed='0 8' ;;
  esac
  [[ " $allowed " == *" $3 "* ]]
}

# Is it how a command may end, and does it say what it has to? Sets wrong.
end_fits() { # WAY CALL HOW STATUS
  local status=$4 text left=(.psnap-*)
  text_of err
  if ! ends_allowed "$2" "$3" "$status"; then
    wrong="ended with $status: $text"
  elif ((status == 0 || status == 137)); then
    if [[ -n $text ]]; then
      wrong="ended with $status and said: $text"
    elif ((status == 0)) && ! sums_fit "$1" "done"; then
      wrong="ended with 0 but is not done"
    fi
  elif ! words_fit "$text"; then
    wrong="ended with $status and the words: $text"
  elif ! says_how "$text" && ! sums_fit "$1" original &&
    ! sums_fit "$1" "done"; then
    wrong="is half done but does not say how to go on: $text"
  elif ((status == 32)) && [[ $text != *": interrupted; "* ]]; then
    wrong="does not say that it was interrupted: $text"
  fi
  if [[ -z $wrong && $status != 137 && -e ${left[0]} ]]; then
    wrong="ended with $status and left a temporary file"
  fi
}

# The same command again has to come to the end.
goes_on() { # WAY
  local status=0
  [[ ! -e target ]] || rm target
  "$PSNAP" "${command[@]}" > out 2> err || status=$?
  if ((status != 0)); then
    wrong="the same command again ended with $status: $(< err)"
  elif ! sums_fit "$1" "done"; then
    wrong='the same command again came to another end'
  fi
}

# Before it has its header an undo file is none, and nothing was overwritten.
goes_back() { # WAY
  local status=0
  if [[ -s undo ]]; then
    "$PSNAP" undo undo store origin > out 2> err || status=$?
    ((status == 0 || status == 4)) || wrong="undoing ended with $status"
  fi
  sums_fit "$1" original ||
    wrong="is not as before after undoing ($status): $(< err)"
}

# What has to hold now that the command is over. NUMBER decides where to go.
still_fits() { # WAY NUMBER
  local ignore=()
  # Where entries move, some stand in the table twice.
  [[ $1 != part* ]] || ignore=(--ignore=duplicate-same)
  if [[ -e $work/$1/view ]]; then
    "$PSNAP" check "${ignore[@]}" store origin > out 2> err ||
      wrong="check finds something: $(< out)"
    view_fits "$1" || wrong='the snapshot shows something else'
  fi
  if [[ -e target ]] && ! sums_fit "$1" "done"; then
    wrong='the new file is there, but not whole'
  fi
  [[ -z $wrong ]] || return 0
  if [[ $1 == *saving* ]] && (($2 % 2)); then
    goes_back "$1"
  else
    goes_on "$1"
  fi
}

begin() { # WAY
  local files=("$work/$1"/{store,origin})
  rm -f undo target .psnap-*
  [[ ! -e $work/$1/undo ]] || files+=("$work/$1/undo")
  cp "${files[@]}" .
  mapfile -t command < "$work/$1/command"
}

# Was there a hit?
was_hit() { # HOW STATUS
  local text
  text_of trace
  case $1 in
    SIGKILL) (($2 == 137)) ;;
    SIG*) [[ $text == *"--- $1 {"* ]] ;;
    *) [[ $text == *'(INJECTED'* ]] ;;
  esac
}

# Signal or error HOW at the Nth CALL; a plus behind HOW: and at all that
# follow. Sets wrong; 1: it did not come so far.
call_trial() { # WAY CALL HOW N NUMBER
  local inject status=0
  local -a tracing=("${tracer[@]}")
  wrong=
  case $2:$3 in
    *:SIG*)
      inject="signal=$3:when=$4"
      tracing=(strace) ;; # signals do not come through a seccomp filter
    # brk does not fail, it returns where the end of memory is.
    brk:*) inject="retval=0:when=$4+" ;;
    *+) inject="error=${3%+}:when=$4+" ;;
    *) inject="error=$3:when=$4" ;;
  esac
  begin "$1"
  { "${tracing[@]}" -qq -o trace -e "trace=$2" -e "inject=$2:$inject" \
    "$PSNAP" "${command[@]}" > out 2> err || status=$?; } 2> /dev/null
  was_hit "$3" $status || return 1
  end_fits "$1" "$2" "${3%+}" $status
  [[ -n $wrong ]] || still_fits "$1" "$5"
}

# Wait for a part of a second without another process.
pause() { # MICROSECONDS
  local text
  printf -v text '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
  read -r -t "$text" -u "$never" || true
}

# The signal comes so long after the start. Sets wrong; 1: it was over, or had
# not yet begun to listen.
moment_trial() { # WAY SIGNAL MICROSECONDS NUMBER
  local status=0 pid
  wrong=
  begin "$1"
  # A shell has interrupts ignored in what it starts in the background.
  env --default-signal=INT "$PSNAP" "${command[@]}" > out 2> err &
  pid=$!
  pause "$3"
  kill -s "$2" $pid 2> /dev/null
  wait $pid 2> /dev/null || status=$?
  case $2:$status in
    *:0) return 1 ;;
    INT:130 | TERM:143)
      sums_fit "$1" original || wrong='was written to before it listens'
      return 1 ;;
  esac
  end_fits "$1" moment "SIG$2" $status
  [[ -n $wrong ]] || still_fits "$1" "$4"
}
