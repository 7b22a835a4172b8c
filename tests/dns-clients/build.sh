#!/usr/bin/env bash
# Installs the clients that the DNS services keep for their own APIs, from Python's package index, into a folder of the cache
# outside the checkout. The folder that holds `clients` is printed on stdout (all else goes to stderr).
#
#   tests/dns-clients/build.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../programs.sh
. ../programs.sh

need python3 "Install Python 3 with pip (in Debian: python3 and python3-pip)."
if ! python3 -m pip --version >/dev/null 2>&1; then
  say "error: ${0##*/} needs pip for python3. Install it (in Debian: python3-pip)."
  exit 1
fi
open_cache dns-clients < <(
  cat requirements.txt
  python3 -c 'import sys; print(sys.version_info[:2])'
)

# build NAME OUT. The digest of each package is checked by pip.
build() {
  python3 -m pip install --quiet --no-deps --no-compile --only-binary :all: --require-hashes --target "$2/$1" \
    --requirement requirements.txt
}

build_missing "the clients of DNS services" "some seconds, 230 MB" clients
printf '%s\n' "$cache"
