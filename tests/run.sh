#!/usr/bin/env bash
# Passes all tests of regplan: formatting, lints, documentation, unit and integration tests.
#
#   tests/run.sh
#
# On Debian and its kin it installs the few programs that the tests need and the machine lacks. The
# first run also builds the control plane from source (about ten minutes on two cores). At the end, or
# at the first failure, it prints how long each step took.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# Nothing takes longer than this altogether, from cold, on two cores; what does is stuck.
readonly LIMIT=1800

# Program and Debian package. The service that comes with docker-registry does not matter: the tests
# start their own, on ports of their own.
readonly PROGRAMS=(docker-registry:docker-registry skopeo:skopeo htpasswd:apache2-utils openssl:openssl jq:jq)

names=() seconds=() running=

table() {
  printf '\n%-16s %8s\n' step seconds
  local i
  for i in "${!names[@]}"; do
    printf '%-16s %8s\n' "${names[$i]}" "${seconds[$i]}"
  done
  printf '%-16s %8s\n' total "$SECONDS"
}

# TERM goes to `timeout`, which passes it on to all that the step has started.
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

# Where there is setpriv, a step ends also when this script is killed.
parent_death=()
if command -v setpriv >/dev/null && setpriv --pdeathsig TERM true 2>/dev/null; then
  parent_death=(setpriv --pdeathsig TERM)
fi

# Runs the command within what is left of the time.
bounded() {
  # sudo asks at the terminal, which belongs to this script's process group.
  if [ "$1" = packages ]; then
    packages
    return
  fi
  local left=$((LIMIT - SECONDS)) code
  ${parent_death[@]+"${parent_death[@]}"} timeout --kill-after=20 "$((left > 0 ? left : 1))" "$@" </dev/null &
  running=$!
  wait "$running"
  code=$?
  running=
  return "$code"
}

# step NAME COMMAND...: runs the command; where it fails, prints the table and ends all.
step() {
  local name=$1 at=$SECONDS code
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  bounded "$@"
  code=$?
  names+=("$name")
  seconds+=("$((SECONDS - at))")
  if [ "$code" -ne 0 ]; then
    table
    if [ "$code" -eq 124 ]; then
      printf '\nfailed: %s (the %s s for the whole run are over)\n' "$name" "$LIMIT"
    else
      printf '\nfailed: %s (exit code %s)\n' "$name" "$code"
    fi
    exit "$code"
  fi
}

# What Debian keeps out of an ordinary user's PATH may still be there.
has() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }

packages() {
  local pair missing=()
  for pair in "${PROGRAMS[@]}"; do
    has "${pair%%:*}" || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if ! command -v apt-get >/dev/null; then
    printf 'The tests need these programs, and there is no apt-get to install them with:\n' >&2
    for pair in "${PROGRAMS[@]}"; do
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

step packages packages
step 'control plane' tests/control-plane/build.sh
step format cargo fmt --check
step lints cargo clippy --locked --all-targets -- -D warnings
step documentation env RUSTDOCFLAGS=-Dwarnings cargo doc --locked --no-deps
step tests cargo test --locked
table
printf '\nall passed\n'
