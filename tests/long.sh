#!/usr/bin/env bash
# The long mode: what takes too long for every run. It needs hours, and a machine that does nothing else meanwhile.
#
#   tests/long.sh                  the tests of charts with Helm 3, every walk of kills and floods, and each reader fuzzed for 150 s
#   tests/long.sh helm3            only the tests of charts with Helm 3, which take minutes
#   tests/long.sh fuzz [SECONDS]   only the fuzzing, for so many seconds each
#
# The figures go to tests/it/force/figures.json and fuzz/figures.json, and from there to docs/reliability.md. The programs
# must be built already (tests/run.sh).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Every run has them with Helm 4.
helm3() {
  local helm
  helm=$(tests/stack/helm3.sh)
  printf '\n== %s\n' "$helm"
  REGPLAN_TEST_HELM=$helm cargo test --locked --test it -- charts::
}

force() {
  REGPLAN_FORCE=long REGPLAN_UPDATE_DOCS=1 cargo test --locked --test it -- force:: --test-threads 30
}

# Fuzzing needs a nightly compiler, and cargo-fuzz.
fuzzer() {
  cargo +nightly --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal
  command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
}

# figures TARGET LOG: what the fuzzer says at its end, as JSON.
figures() {
  sed -n "s/^Done \([0-9]*\) runs in \([0-9]*\) second(s)$/{ \"target\": \"$1\", \"seconds\": \2, \"texts\": \1 }/p" "$2"
}

# fuzz_one TARGET SECONDS: what leads to new code goes into a cache, and the next run goes on from there. The corpus that is in
# the repository has a text of each kind, and stays small: every run of the tests reads it.
fuzz_one() {
  local target=$1 log=$work/$1.log grown=${XDG_CACHE_HOME:-$HOME/.cache}/regplan/fuzz/$1 line
  printf '\n== %s\n' "$target"
  mkdir -p "$grown"
  if ! cargo +nightly fuzz run "$target" "$grown" "fuzz/corpus/$target" -- -max_total_time="$2" >"$log" 2>&1; then
    tail -40 "$log"
    exit 1
  fi
  line=$(figures "$target" "$log")
  if [ -z "$line" ]; then
    printf '%s: the fuzzer did not say what it has done\n' "$target" >&2
    exit 1
  fi
  printf '%s\n' "$line" | tee -a "$work/figures"
}

fuzz() {
  local targets target
  fuzzer
  targets=$(cargo +nightly fuzz list | sort)
  for target in $targets; do
    fuzz_one "$target" "$1"
  done
  { echo '['; sed 's/^/  /; $!s/$/,/' "$work/figures"; echo ']'; } >"$work/figures.json"
  cp "$work/figures.json" fuzz/figures.json
}

page() { REGPLAN_UPDATE_DOCS=1 cargo test --locked --test it -- force::page::; }

case ${1:-all} in
  all)
    helm3
    force
    fuzz 150
    page
    ;;
  helm3) helm3 ;;
  fuzz)
    fuzz "${2:-150}"
    page
    ;;
  *)
    printf 'usage: %s [helm3 | fuzz [SECONDS]]\n' "$0" >&2
    exit 2
    ;;
esac
