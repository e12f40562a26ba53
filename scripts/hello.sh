#!/bin/sh
# The first command of the README: sets everything up, builds fixtures/hello and runs it.
set -eu
cd "$(dirname "$0")/.."
say() { printf '%s\n' "$*" >&2; }

if [ ! -x node_modules/node/bin/node ] || [ ! -f dist/longshore.cjs ]; then
  say "==> npm ci: installs the packages of package-lock.json into node_modules (nothing outside this folder) and builds dist/"
  npm ci --no-audit --no-fund >&2
fi
longshore=bin/longshore

base=${BASE:-}
if [ -z "$base" ]; then
  base=longshore-base
  if [ -z "$($longshore images -q "$base")" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    say "==> making the base image $base from this machine's busybox (BASE=debian:bookworm-slim uses that image instead)"
    sh fixtures/base/make-context.sh "$work/context" >&2
    $longshore build -t "$base" "$work/context" >/dev/null
  fi
fi

say "==> longshore build -t hello --build-arg BASE=$base fixtures/hello"
$longshore build -t hello --build-arg "BASE=$base" fixtures/hello
say "==> longshore run --rm hello"
$longshore run --rm hello
