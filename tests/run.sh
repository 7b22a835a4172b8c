#!/usr/bin/env bash
# Runs everything that has to pass: formatting, lints, documentation, unit and integration tests.
#
#   tests/run.sh
#
# It installs the programs that the tests need and the machine lacks (on Debian and its derivatives).
# The first run also builds the control plane and the test bed from source (about 35 minutes on two cores). At the
# end, or at the first failure, it prints how long each step took.
#
# Where the machine cannot run the test bed (tests/stack/probe.sh says why), the tests that need it are not run. Nor is a single
# test for which the machine lacks something. The last lines count them, by their reasons. With REGPLAN_TEST_BED=required that
# is a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# Seconds that the whole run may take, from cold, on two cores. A step that still runs then hangs.
readonly LIMIT=3600

# Seconds that the tests may take when everything is built; 900 are the aim. With nothing left to build, the other steps
# take seconds. A test of this command sets a shorter one.
readonly BUILT_LIMIT=${REGPLAN_BUILT_LIMIT:-1200}

# Program and Debian package; tests/it/harness/programs.rs has the same lists. The tests start their own servers,
# so the services in some of the packages do not matter.
readonly PROGRAMS=(docker-registry:docker-registry skopeo:skopeo htpasswd:apache2-utils jq:jq pip3:python3-pip)
readonly BED_PROGRAMS=(pebble:pebble named:bind9 nsupdate:bind9-dnsutils runc:runc host-local:containernetworking-plugins iptables:iptables
  busybox:busybox-static)

# With these in the environment the tests would write what they should compare.
unset REGPLAN_UPDATE_DOCS REGPLAN_UPDATE_FORMATS
export INSTA_UPDATE=no

# A line for each single test that was not run: why (tests/it/harness/trial.rs).
REGPLAN_TESTS_NOT_RUN=$(mktemp) || exit 1
export REGPLAN_TESTS_NOT_RUN
trap 'rm -f "$REGPLAN_TESTS_NOT_RUN"' EXIT

names=() seconds=() running=

table() {
  printf '\n%-16s %8s\n' step seconds
  local i
  for i in "${!names[@]}"; do
    printf '%-16s %8s\n' "${names[$i]}" "${seconds[$i]}"
  done
  printf '%-16s %8s\n' total "$SECONDS"
}

# TERM goes to `timeout`, which passes it on to everything that the step has started.
stop() {
  trap - INT TERM HUP
  if [ -n "$running" ]; then
    kill -TERM "$running" 2>/dev/null
    wait "$running"
  fi
  printf '\ninterrupted\n' >&2
  exit 130
}
trap stop INT TERM HUP

# With setpriv, a step also ends when this script is killed.
parent_death=()
if command -v setpriv >/dev/null && setpriv --pdeathsig TERM true 2>/dev/null; then
  parent_death=(setpriv --pdeathsig TERM)
fi

# bounded SECONDS COMMAND...: runs the command for so long at most.
bounded() {
  local limit=$1 code
  shift
  # sudo asks at the terminal, and only this script's own process group may read from it.
  if [ "$1" = packages ]; then
    "$@"
    return
  fi
  ${parent_death[@]+"${parent_death[@]}"} timeout --kill-after=20 "$limit" "$@" </dev/null &
  running=$!
  wait "$running"
  code=$?
  running=
  return "$code"
}

# step NAME LIMIT COMMAND...: runs the command, within its own limit and within that of the whole run.
# If it fails, prints the table and ends the run.
step() {
  local name=$1 limit=$2 at=$SECONDS left=$((LIMIT - SECONDS)) code
  shift 2
  limit=$((limit < left ? limit : left))
  limit=$((limit > 0 ? limit : 1))
  printf '\n== %s: %s\n' "$name" "$*"
  bounded "$limit" "$@"
  code=$?
  names+=("$name")
  seconds+=("$((SECONDS - at))")
  if [ "$code" -ne 0 ]; then
    table
    if [ "$code" -eq 124 ]; then
      printf '\nfailed: %s (still running after %s s)\n' "$name" "$limit"
    else
      printf '\nfailed: %s (exit code %s)\n' "$name" "$code"
    fi
    exit "$code"
  fi
}

# Debian has programs for administrators in /usr/sbin, and those that set up the network of containers in /usr/lib/cni.
# Neither is on the PATH of every user.
has() { PATH=$PATH:/usr/sbin:/sbin:/usr/lib/cni command -v "$1" >/dev/null; }

# packages PROGRAM:PACKAGE...: installs the packages of the programs that are not there.
packages() {
  local pair missing=()
  for pair in "$@"; do
    has "${pair%%:*}" || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if ! command -v apt-get >/dev/null; then
    printf 'The tests need these programs, and there is no apt-get to install them with:\n' >&2
    for pair in "$@"; do
      has "${pair%%:*}" || printf '  %s (in Debian: %s)\n' "${pair%%:*}" "${pair##*:}" >&2
    done
    return 1
  fi
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo=(sudo)
  fi
  printf 'installing %s\n' "${missing[*]}"
  local apt=(${sudo[@]+"${sudo[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  "${apt[@]}" update -q && "${apt[@]}" install -q -y --no-install-recommends "${missing[@]}"
}

# refused_bed: why this machine cannot run the test bed; nothing where it can.
refused_bed() { tests/stack/probe.sh || true; }

# bed_tests: how many tests need the bed.
bed_tests() {
  local list
  list=$(cargo test --locked --quiet --test it -- --ignored --list) && grep -c ': test$' <<<"$list"
}

# conclude COUNT: the end of a run in which all steps passed, and so many tests had no bed.
conclude() {
  local reasons
  reasons=$(
    [ "$1" -eq 0 ] || printf '%7d %s\n' "$1" "$refused"
    sort "$REGPLAN_TESTS_NOT_RUN" | uniq -c
  )
  table
  if [ -z "$reasons" ]; then
    printf '\nall passed\n'
  else
    printf '\nall passed, but %d tests were not run:\n%s\n' \
      "$(($1 + $(wc -l <"$REGPLAN_TESTS_NOT_RUN")))" "$reasons"
  fi
}

# First what fails within seconds, last what takes minutes.
refused=$(refused_bed)
if [ -n "$refused" ] && [ "${REGPLAN_TEST_BED:-}" = required ]; then
  printf 'failed: the test bed is required here (REGPLAN_TEST_BED), but %s\n' "$refused"
  exit 1
fi
step packages "$LIMIT" packages "${PROGRAMS[@]}"
[ -n "$refused" ] || step 'bed packages' "$LIMIT" packages "${BED_PROGRAMS[@]}"
step format "$LIMIT" cargo fmt --check
step lints "$LIMIT" cargo clippy --locked --all-targets -- -D warnings
step documentation "$LIMIT" env RUSTDOCFLAGS=-Dwarnings cargo doc --locked --no-deps
step 'control plane' "$LIMIT" tests/control-plane/build.sh
step helm "$LIMIT" tests/stack/build.sh charts helm
step 'dns clients' "$LIMIT" tests/dns-clients/build.sh
[ -n "$refused" ] || step 'test bed' "$LIMIT" tests/stack/build.sh
step 'test build' "$LIMIT" cargo test --locked --no-run
built=$SECONDS
step tests "$BUILT_LIMIT" cargo test --locked
if [ -n "$refused" ]; then
  if ! count=$(bed_tests); then
    table
    printf '\nfailed: the tests that need the test bed cannot be listed\n'
    exit 1
  fi
  conclude "$count"
  exit
fi
step 'tests on the bed' $((BUILT_LIMIT - (SECONDS - built))) cargo test --locked --test it -- --ignored
conclude 0
