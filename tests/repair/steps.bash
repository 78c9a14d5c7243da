# shellcheck shell=bash disable=SC2154,SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
# What is done with each case of tests/repair/run. First everything is run, then
# judged: by the oracle, and by what has to hold whatever the texts say. Sourced.

# What is lost when the steps for these findings are taken; all others lose
# nothing.
lossy=' snapshot-invalid store-truncated area-missing-successor area-implausible'
lossy+=' new-chunk-out-of-range new-chunk-huge new-chunk-in-metadata'
lossy+=' old-chunk-out-of-range duplicate-old duplicate-new read-error '

# psnap repair, on a disk with bad sectors where the case has some.
repair() { # ARGUMENT...
  if [[ -n $bad ]]; then
    BAD_FILE=store.img BAD_BYTES=$bad LD_PRELOAD=$work/bad.so \
      "$PSNAP" repair "${args[@]}" "$@"
  else
    "$PSNAP" repair "${args[@]}" "$@"
  fi
}

# False if there can be no bad sectors here.
can_be_bad() {
  [[ -z $bad || -e $work/bad.so ]] && return
  [[ ${SAN:-} != *address* ]] &&
    "${CC:-cc}" -D_GNU_SOURCE -O1 -shared -fPIC -o "$work/bad.so" \
      "$here/../cli/bad_sectors.c" -ldl
}

# Exit statuses into the array got, and what was changed but should not have been
# into files.
run_all() {
  repair "${images[@]}" > plan.txt 2>&1
  got[plan]=$?
  repair -n --output=json "${images[@]}" > plan.json 2> json.err
  got[json]=$?
  cmp damaged.img store.img > changed.plan 2>&1
  repair -p -o preened.img --output=json "${images[@]}" > preen.json 2>&1
  got[preen]=$?
  cmp damaged.img store.img > changed.preen 2>&1
  repair -y --undo=undo "${images[@]}" > repair.txt 2>&1
  got[repair]=$?
  cp --sparse=always store.img repaired.img
  "$PSNAP" check -q "${images[@]}" > check.txt 2>&1
  got[check]=$?
  repair -y --no-undo "${images[@]}" > again.txt 2>&1
  got[again]=$?
  cmp repaired.img store.img > changed.again 2>&1
  [[ ! -e undo ]] || "$PSNAP" undo -q undo > changed.undo 2>&1
  cmp damaged.img store.img >> changed.undo 2>&1
}

# All of a file, without another process.
slurp() { # VARIABLE FILE
  IFS= read -r -d '' "$1" < "$2"
}

# What the statuses have to be. The oracle tells what there is to do; to a plan
# leftovers behind the header are a note, and alone no reason for 4.
foresee() {
  local notable=0 left=0 needed=0 safely=0 word what
  while read -r word what; do
    case $word in needed | safely) local "$word=1" ;; esac
    case $word:$what in
      *:'behind the header'*) ;;
      needed:*) notable=4 ;;
      left:*) left=4 ;;
    esac
  done <<< "$said"
  want=([preen]=4 [plan]=4 [json]=4 [repair]=4 [again]=4)
  case $fate in
    blank) want=([preen]=0 [plan]=0 [json]=0 [repair]=0 [again]=0) ;;
    repaired)
      want=([plan]=$notable [json]=$notable [repair]=$needed [check]=0
        [again]=0 [preen]=$((safely + left))) ;;
  esac
}

judge_statuses() { # CASE
  local step
  for step in plan json preen repair check again; do
    [[ -n ${want[$step]:-} ]] || continue
    if ((got[$step] == want[$step])); then
      ok 0 "$1 $step: status"
    else
      echo "the exit status is ${got[$step]}, not ${want[$step]}" > why
      cat "$step.txt" >> why 2> /dev/null
      ok 1 "$1 $step: status" why
    fi
  done
}

judge_images() { # CASE
  local word
  if [[ $fate == repaired ]]; then
    for word in preened repaired; do
      : > why
      [[ $'\n'$said != *$'\n'"$word "* ]] || grep "^$word " said > why
      [[ ! -s why ]]
      ok $? "$1 $word: it is what it has to be" why
    done
  else
    cmp damaged.img repaired.img > why 2>&1
    ok $? "$1 repair: there is nothing to write" why
  fi
  for word in plan preen again undo; do
    [[ $word != undo || -e undo || $fate != repaired ]] || continue
    [[ ! -s changed.$word ]]
    ok $? "$1 $word: nothing else is changed" "changed.$word"
  done
}

# Both findings of a pair are in the plan, unless one hides the other; steps are
# as costly as they have to be, and the sums right. psnap prints JSON with one
# finding or step a line.
judge_plan() { # CASE
  local id cost line plan preen name=${1#*/}
  slurp plan plan.json
  slurp preen preen.json
  if [[ $1 == single/* || $1 == pair/* ]]; then
    for id in "${name%+*}" "${name#*+}"; do
      [[ ${hides[$name]:-} == "$id" || $plan == *"{\"id\":\"$id\",\"sev"* ]] ||
        echo "$id is not in it"
    done
  fi
  [[ $plan == *"\"exit_status\":${got[json]}}"$'\n' &&
    $preen == *"\"exit_status\":${got[preen]}}"$'\n' ]] ||
    echo "another exit status than it was"
  [[ $fate != repaired || ${want[plan]} == 0 ]] || judge_sums
  while IFS= read -r line; do
    [[ $line =~ ^\{\"id\":\"([^\"]*)\",\"class\":\"([^\"]*)\" ]] || continue
    cost_of "${BASH_REMATCH[1]}"
    [[ ${BASH_REMATCH[2]} == "$cost" ]] ||
      echo "${BASH_REMATCH[1]} is ${BASH_REMATCH[2]}, not $cost"
  done <<< "$plan"
}

# Exceptions afterwards, lost, regained.
judge_sums() {
  local count='":\{"exceptions":([0-9]+)' figures=''
  [[ ! $plan =~ \"lost$count.*\"regained$count.*\"exceptions\":([0-9]+),\"write ]] ||
    figures="${BASH_REMATCH[3]} ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
  [[ $said == "figures $figures"$'\n'* ]] ||
    echo "exceptions, lost, regained: $figures, not ${said%%$'\n'*}"
}

# What a step costs has to be in the variable cost afterwards.
cost_of() { # ID
  cost=safe
  [[ $lossy != *" $1 "* && -z $unsafe ]] || cost=lossy
  [[ $1 != new-chunk-in-metadata || ${args[*]} != *fills* ]] || cost=safe
  [[ $fate != left ]] || cost=impossible
}

# What nobody can foresee, in one file. The findings of a plan in JSON are those
# of check, which has tests of its own, so of most cases they are left out; and
# write_bytes is only a limit.
collect() { # CASE
  sha256sum preened.img repaired.img
  printf '\n--- plan\n'
  cat plan.txt
  printf '\n--- repair\n'
  cat repair.txt
  printf '\n--- dump\n'
  "$PSNAP" dump repaired.img 2>&1
  printf '\n--- json\n'
  case $1 in
    single/* | case/*) cat plan.json ;;
    *) grep -v '^{"id":"[^"]*","severity"' plan.json ;;
  esac | sed -E 's/("psnap_version":|"write_bytes":)("[^"]*"|[0-9]+)/\1null/'
}

run_case() { # CASE
  local args bad origin fate unsafe images said
  local -A got=() want=()
  rm -rf "$work/case"
  mkdir "$work/case"
  cd "$work/case" || exit
  make_case "$1" || {
    ok 1 "$1 recipe" mkstore.log
    return
  }
  can_be_bad || {
    echo "ok $1 # SKIP no bad sectors here"
    return
  }
  run_all
  [[ -e preened.img ]] || cp --sparse=always damaged.img preened.img
  "$here/oracle" recipe damaged.img preened.img repaired.img > said 2>&1
  slurp said said
  foresee
  judge_statuses "$1"
  judge_images "$1"
  judge_plan "$1" 2>&1 | empty "$1 json: what is found, and what it costs"
  collect "$1" > seen 2>&1
  cat plan.json preen.json >> "$work/json"
  if [[ -n $update ]]; then
    mkdir -p "$here/expect/${1%/*}"
    cp seen "$here/expect/$1"
  fi
  diff -u --label expected --label got "$here/expect/$1" seen > why 2>&1
  ok $? "$1 texts and figures" why
}
