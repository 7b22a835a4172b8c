#!/usr/bin/env bash
# Builds the programs of the test control plane from the Go module registry, once, into a cache
# outside the checkout, and prints the folder that holds them on stdout (all else goes to stderr).
#
#   tests/control-plane/build.sh            everything that the tests need
#   tests/control-plane/build.sh --plane    only what a control plane needs (the quickstart)
#
# The folder's name is a digest of everything that pins the programs: go.mod, go.sum and the lines below.
# Every program is built under a temporary name, and renamed when it is complete, so that an interrupted
# build goes on where it stopped. A program in the folder KUBEBUILDER_ASSETS is linked, and not built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly KWOK=sigs.k8s.io/kwok/cmd/kwok@v0.8.0
readonly REGISTRY=github.com/distribution/distribution/v3/cmd/registry@v3.1.2
readonly VERSITYGW=github.com/versity/versitygw/cmd/versitygw@v1.8.0

say() { printf '%s\n' "$*" >&2; }

if ! command -v go >/dev/null; then
  say "error: the test control plane is built from Go modules, and there is no 'go' on the PATH."
  say "       Install Go 1.26 or newer (any newer 'go' fetches the toolchain it needs)."
  exit 1
fi

kubernetes=$(awk '$1 == "k8s.io/kubernetes" && $2 ~ /^v/ { print $2; exit }' go.mod)
minor=${kubernetes#v1.}
minor=${minor%%.*}
version=k8s.io/component-base/version
ldflags="-s -w -X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=$minor"

key=$({ cat go.mod go.sum; printf '%s\n' "$KWOK" "$REGISTRY" "$VERSITYGW" "$ldflags" "$(go env GOOS GOARCH)"; } | sha256sum | cut -c1-16)
cache=${REGPLAN_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/regplan}/control-plane/$key
mkdir -p "$cache"

# One build at a time. The lock ends with this process, in whatever way that ends.
exec 9>"$cache/.lock"
if ! flock -n 9; then
  say "waiting for another build of the control plane to finish"
  flock 9
fi

plane=(etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok)
programs=("${plane[@]}")
[ "${1:-}" = --plane ] || programs+=(registry versitygw)

missing=()
for program in "${programs[@]}"; do
  if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/$program" ]; then
    ln -sfn "$(realpath "$KUBEBUILDER_ASSETS/$program")" "$cache/$program"
  elif [ -L "$cache/$program" ] || [ ! -x "$cache/$program" ]; then
    rm -f "$cache/$program"
    missing+=("$program")
  fi
done

# build NAME: puts the finished program at $cache/NAME.
build() {
  local out=$cache/.building bin
  rm -rf "$out" && mkdir -p "$out"
  case $1 in
    etcd) go build -trimpath -ldflags "-s -w" -o "$out/etcd" go.etcd.io/etcd/server/v3 ;;
    kube*) go build -trimpath -ldflags "$ldflags" -o "$out/$1" "k8s.io/kubernetes/cmd/$1" ;;
    kwok) bin=$KWOK ;;
    registry) bin=$REGISTRY ;;
    versitygw) bin=$VERSITYGW ;;
  esac
  if [ -n "${bin:-}" ]; then
    GOBIN=$out CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" "$bin"
  fi
  mv "$out/$1" "$cache/$1"
  rm -rf "$out"
}

if [ ${#missing[@]} -gt 0 ]; then
  say "building ${#missing[@]} programs for the test control plane (Kubernetes $kubernetes)"
  say "  once per version: about ten minutes on two cores, 8 GB in Go's caches. You can stop it at any"
  say "  time: it goes on where it stopped. The programs are kept in $cache"
  started=$SECONDS
  for i in "${!missing[@]}"; do
    program=${missing[$i]}
    say "  [$((i + 1))/${#missing[@]}] $program ..."
    at=$SECONDS
    # The child must not inherit the lock: a build that goes on after this script would keep it.
    build "$program" 9>&- >&2
    say "  [$((i + 1))/${#missing[@]}] $program: $((SECONDS - at)) s"
  done
  say "control plane built in $((SECONDS - started)) s"
fi
printf '%s\n' "$cache"
