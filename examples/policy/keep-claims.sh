#!/bin/sh
# Denies a plan that deletes a PersistentVolumeClaim: by itself, because another one takes its address, or
# with its namespace.
#
#   regplan plan --format json | ./keep-claims.sh
#
# It ends with 0 where no claim goes, with 1 where one does, and with something else where it was given no
# plan that it understands.
set -eu

# Without an input there is no plan, and that is no consent.
denied=$(jq --null-input --raw-output '
  input
  | if .format_version != "1" then error("unknown format_version: \(.format_version)") else . end
  | .changes[]
  | . as $change
  | (
      (select(.action == "delete" or (.action == "replace" and .replaces == null)) | .identity),
      (.replaces // empty),
      .dies_with[]
    )
  | select((.group // "") == "" and .kind == "PersistentVolumeClaim")
  | "\($change.address): the claim \(.namespace)/\(.name) would be deleted"
')

if [ -n "$denied" ]; then
  printf 'denied by policy:\n%s\n' "$denied" >&2
  exit 1
fi
