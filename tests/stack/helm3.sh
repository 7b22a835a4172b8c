#!/usr/bin/env bash
# Builds Helm 3, once, into a cache outside the checkout, beside the Helm 4 with which every run has the tests of charts. Its path is
# printed on stdout (all else goes to stderr).
#
#   tests/stack/helm3.sh
#
# It has a folder of its own in the cache, so that a new version of it builds nothing else anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../programs.sh
. ../programs.sh

# The last one of the oldest line that is promised (src/engine/needs/helm/program.rs).
readonly VERSION=v3.18.6
# The version of Kubernetes that it takes where none is told: that of its modules (`k8s.io/client-go v0.33.3`).
readonly KUBERNETES=(1 33)

# As in a release, both come from the linker.
readonly PACKAGES=helm.sh/helm/v3
readonly FLAGS="-s -w -X $PACKAGES/internal/version.version=$VERSION
  -X $PACKAGES/pkg/chartutil.k8sVersionMajor=${KUBERNETES[0]} -X $PACKAGES/pkg/chartutil.k8sVersionMinor=${KUBERNETES[1]}"

need_go
open_cache helm3 < <(printf '%s\n' "$VERSION" "$FLAGS" "$(go env GOOS GOARCH)")

# build NAME OUT
build() { GOBIN=$2 CGO_ENABLED=0 go install -trimpath -ldflags "$FLAGS" "$PACKAGES/cmd/helm@$VERSION"; }

build_missing "Helm 3" "about two minutes on two cores" helm
printf '%s\n' "$cache/helm"
