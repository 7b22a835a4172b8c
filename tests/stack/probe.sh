#!/usr/bin/env bash
# Says whether this machine can run the test bed: nothing and 0 where it can, else why not, and what to do.
#
#   tests/stack/probe.sh
#
# The bed listens on the ports of real servers and mounts files over the machine's. So it lives in namespaces of its
# own, and nothing of the machine changes.
set -uo pipefail

refuse() {
  printf '%s\n' "$*"
  exit 1
}

[ "$(uname -s)" = Linux ] || refuse "the test bed needs Linux; run the tests in a virtual machine with it"
[ "$(id -u)" -eq 0 ] || refuse "the test bed needs root, to make network namespaces; run the tests as root"
for program in unshare nsenter ip; do
  command -v "$program" >/dev/null || refuse "the test bed needs '$program' (in Debian: util-linux, iproute2)"
done
groups=/sys/fs/cgroup
[ -e "$groups/cgroup.controllers" ] || groups=$groups/memory
[ -w "$groups" ] ||
  refuse "the test bed needs cgroups for its containers, and cannot write to $groups;" \
    "run the tests on a machine, or in a container with all privileges"
why=$(unshare --net --mount --pid --fork --mount-proc ip link add bed0 type veth peer name bed1 2>&1) ||
  refuse "the test bed needs namespaces and virtual network cards, which this machine or container does not allow" \
    "($why); run the tests on a machine, or in a container with all privileges"
