# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of the tree have in common: TAP, and the two ways to say that
# something holds. Sourced from the root of the project.

# So that what comes last in a pipe can count.
shopt -s lastpipe

count=0
failed=0

ok() # STATUS TEXT
{
  count=$((count + 1))
  if (($1 == 0)); then
    echo "ok $count - $2"
  else
    failed=$((failed + 1))
    echo "not ok $count - $2"
  fi
}

skip() # TEXT REASON
{
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

# What is printed is what is wrong: lines on standard input become comments.
none() # TEXT
{
  local lines

  mapfile -t lines
  ok "$((${#lines[@]} > 0))" "$1"
  ((${#lines[@]} == 0)) || printf '# %s\n' "${lines[@]}"
}

# A command whose output is shown when it fails.
runs() # TEXT COMMAND...
{
  local text=$1 output status

  shift
  output=$("$@" 2>&1)
  status=$?
  ok "$status" "$text"
  ((status == 0)) || tail -n 20 <<< "$output" | sed 's/^/# /'
}

# Lines of the first list that are not in the second.
missing() # LIST LIST
{
  comm -23 <(sort -u <<< "$1") <(sort -u <<< "$2") | grep .
}

finish()
{
  echo "1..$count"
  exit $((failed > 0))
}
