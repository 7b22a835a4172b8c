#!/usr/bin/env bash
# Builds the programs of the test control plane from the Go module registry, once, into a cache
# outside the checkout, and prints the folder that holds them on stdout (all else goes to stderr).
#
#   tests/control-plane/build.sh            everything that the tests need
#   tests/control-plane/build.sh --plane    only what a control plane needs (the quickstart)
#
# The folder's name is a digest of everything that pins the programs: go.mod, go.sum and the lines below.
# tests/programs.sh says how programs are built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../programs.sh
. ../programs.sh

readonly KWOK=sigs.k8s.io/kwok/cmd/kwok@v0.8.0
readonly REGISTRY=github.com/distribution/distribution/v3/cmd/registry@v3.1.2
readonly VERSITYGW=github.com/versity/versitygw/cmd/versitygw@v1.8.0

need_go
kubernetes=$(kubernetes_version go.mod)
ldflags=$(kubernetes_flags "$kubernetes")
open_cache control-plane < <(
  cat go.mod go.sum
  printf '%s\n' "$KWOK" "$REGISTRY" "$VERSITYGW" "$ldflags" "$(go env GOOS GOARCH)"
)

programs=(etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok)
[ "${1:-}" = --plane ] || programs+=(registry versitygw)

# build NAME OUT
build() {
  case $1 in
    etcd) go build -trimpath -ldflags "-s -w" -o "$2/etcd" go.etcd.io/etcd/server/v3 ;;
    kube*) go build -trimpath -ldflags "$ldflags" -o "$2/$1" "k8s.io/kubernetes/cmd/$1" ;;
    kwok) install_module "$KWOK" "$2" ;;
    registry) install_module "$REGISTRY" "$2" ;;
    versitygw) install_module "$VERSITYGW" "$2" ;;
  esac
}

build_missing "the test control plane (Kubernetes $kubernetes)" \
  "about ten minutes on two cores, 8 GB in Go's caches" "${programs[@]}"
printf '%s\n' "$cache"
