#!/usr/bin/env bash
# Builds Helm 3, once, into a cache outside the checkout, beside the Helm 4 with which all tests of charts run. Its path is
# printed on stdout (all else goes to stderr).
#
#   tests/stack/helm3.sh
#
# It has a folder of its own in the cache, so that a new version of it builds nothing else anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../programs.sh
. ../programs.sh

# Of the oldest line that is promised (src/engine/needs/helm/program.rs), its last version.
readonly HELM=helm.sh/helm/v3/cmd/helm@v3.18.6
# The version of Kubernetes that it takes where none is told: that of its modules (`k8s.io/client-go v0.33.3`). Releases have it
# from the linker as well.
readonly KUBERNETES=(1 33)

need_go
open_cache helm3 < <(printf '%s\n' "$HELM" "${KUBERNETES[@]}" "$(go env GOOS GOARCH)")

# build NAME OUT
build() {
  local name=helm.sh/helm/v3/pkg/chartutil.k8sVersion
  local flags="-s -w -X ${name}Major=${KUBERNETES[0]} -X ${name}Minor=${KUBERNETES[1]}"
  GOBIN=$2 CGO_ENABLED=0 go install -trimpath -ldflags "$flags" "$HELM"
}

build_missing "Helm 3" "about three minutes on two cores" helm
printf '%s\n' "$cache/helm"
