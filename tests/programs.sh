# shellcheck shell=bash
# Builds programs for tests, once, into a cache outside the checkout. The scripts that build some source this file.
#
# A script calls `open_cache` with everything that pins its programs, and then `build_missing`. It has a function
# `build NAME OUT`, which leaves the finished program at OUT/NAME. Each program is built under a temporary name, and
# renamed when it is complete, so that an interrupted build goes on where it stopped. One program is built at a time;
# Go itself compiles as many packages at once as there are cores.

say() { printf '%s\n' "$*" >&2; }

# need PROGRAM WHAT_TO_DO: ends the script if the program is not there.
need() {
  command -v "$1" >/dev/null && return
  say "error: ${0##*/} needs '$1', which is not on the PATH."
  say "       $2"
  exit 1
}

need_go() {
  need go "Install Go 1.26 or newer (any newer 'go' fetches the toolchain it needs)."
}

# open_cache KIND: sets `cache` to the folder for the programs that standard input pins, and takes its lock.
open_cache() {
  local key
  key=$(sha256sum | cut -c1-16)
  cache=${REGPLAN_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/regplan}/$1/$key
  mkdir -p "$cache"
  # One build at a time. The lock ends with this process, in whatever way that ends.
  exec 9>"$cache/.lock"
  if ! flock -n 9; then
    say "waiting for another build of the $1 to finish"
    flock 9
  fi
}

# find_missing PROGRAM...: sets `missing` to those that are not in the cache. A program in the folder
# KUBEBUILDER_ASSETS is linked, and not built.
find_missing() {
  local program
  missing=()
  for program in "$@"; do
    if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/$program" ]; then
      ln -sfn "$(realpath "$KUBEBUILDER_ASSETS/$program")" "$cache/$program"
    elif [ -L "$cache/$program" ] || [ ! -x "$cache/$program" ]; then
      rm -rf "${cache:?}/$program"
      missing+=("$program")
    fi
  done
}

# build_missing TITLE NOTE PROGRAM...: builds what is missing, with progress on standard error.
build_missing() {
  local title=$1 note=$2 program i at started=$SECONDS out
  shift 2
  find_missing "$@"
  [ ${#missing[@]} -gt 0 ] || return 0
  out=$cache/.building
  say "building ${#missing[@]} programs for $title"
  say "  once per version: $note. You can stop it at any"
  say "  time: it goes on where it stopped. The programs are kept in $cache"
  for i in "${!missing[@]}"; do
    program=${missing[$i]} at=$SECONDS
    say "  [$((i + 1))/${#missing[@]}] $program ..."
    rm -rf "$out" && mkdir -p "$out"
    # The child must not inherit the lock: a build that goes on after this script would keep it.
    build "$program" "$out" 9>&- >&2
    mv "$out/$program" "$cache/$program"
    rm -rf "$out"
    say "  [$((i + 1))/${#missing[@]}] $program: $((SECONDS - at)) s"
  done
  say "$title built in $((SECONDS - started)) s"
}

# install_module MODULE OUT: builds the program of a Go module that is pinned by its version alone.
install_module() {
  GOBIN=$2 CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" "$1"
}

# Kubernetes takes its version from the linker; without it a server says that it is v0.0.0.
# kubernetes_flags VERSION: the flags for the linker.
kubernetes_flags() {
  local minor=${1#v1.} version=k8s.io/component-base/version
  minor=${minor%%.*}
  printf '%s' "-s -w -X $version.gitVersion=$1 -X $version.gitMajor=1 -X $version.gitMinor=$minor"
}

# kubernetes_version GO_MOD: the version of Kubernetes that this file pins.
kubernetes_version() {
  awk '($1 == "k8s.io/kubernetes" && $2 ~ /^v/) { print $2; exit } ($1 == "require" && $2 == "k8s.io/kubernetes") { print $3; exit }' "$1"
}
