# shellcheck shell=bash disable=SC2154,SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
# The cases of tests/repair/run: their recipes put together, and what is said in
# them beside the store. And the TAP that all of it comes out as. Sourced.

# ok RESULT TEXT [FILE] : FILE says why, if it is not.
ok() {
  if [[ $1 == 0 ]]; then
    echo "ok $2"
    return
  fi
  echo "not ok $2"
  [[ -z ${3:-} || ! -s $3 ]] || head -n 40 "$3" | sed 's/^/# /'
}

# empty TEXT : nothing may come on standard input.
empty() {
  local lines
  mapfile -t lines
  printf '%s\n' "${lines[@]}" > "$work/lines"
  ok $((${#lines[@]} > 0)) "$1" "$work/lines"
}

# The parts of a recipe, one after the other.
parts_of() { # CASE
  local kind=${1%%/*} name=${1#*/}
  case $kind in
    case) cat "$here/cases/$name" ;;
    single) cat "$here/damage/base" "$here/damage/$name" ;;
    pair)
      if [[ -e $here/damage/$name ]]; then
        cat "$here/damage/base" "$here/damage/$name"
      else
        cat "$here"/damage/{base,"${name%+*}","${name#*+}"}
      fi ;;
    golden)
      cat "$here/../golden/$name/recipe"
      sed -n "s/^$name /#: /p" "$here/golden"
      # Other arguments of psnap check there choose what is shown.
      sed -n 's/.*\(--chunk-size=[^ ]*\).*/#: args \1/p' \
        "$here/../golden/$name/args" 2> /dev/null
      [[ ! -e $here/../golden/$name/origin ]] ||
        echo "#: origin $(< "$here/../golden/$name/origin")" ;;
  esac
}

# The recipe as a file, and in variables what is none of mkstore's business.
read_case() { # CASE
  local mark word rest cut=204800 tail=0 is_cut=
  args=() bad='' origin='' fate=repaired unsafe=''
  parts_of "$1" > recipe
  while read -r mark word rest; do
    [[ $mark == '#:' ]] || continue
    case $word in
      cut) ((rest >= cut)) || cut=$rest; is_cut=1 ;;
      tail) tail=$rest is_cut=1 ;;
      bad) bad=$rest ;;
      origin) origin=$rest ;;
      args) read -ra args <<< "$rest" ;;
      left | blank) fate=$word ;;
      unsafe) unsafe=1 ;;
    esac
  done < recipe
  [[ -z $is_cut ]] || echo "truncate $((cut + tail))" >> recipe
}

make_case() { # CASE
  read_case "$1"
  "$MKSTORE" -q recipe damaged.img 2> mkstore.log || return
  cp --sparse=always damaged.img store.img
  images=(store.img)
  if [[ -n $origin ]]; then
    # Not zero, so that something would be filled in.
    yes origin | head -c "$origin" > origin.img
    images+=(origin.img)
  fi
}
