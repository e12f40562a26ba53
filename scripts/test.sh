#!/bin/sh
# The second command of the README: sets up what the tests need and runs them all.
set -eu
cd "$(dirname "$0")/.."
say() { printf '%s\n' "$*" >&2; }

packages="crun runc uidmap busybox-static skopeo umoci docker-registry zstd xz-utils bzip2 tmux git openssh-client strace qemu-user-static debootstrap openssl ca-certificates util-linux procps passt slirp4netns nftables iptables iproute2 curl python3 chromium"
missing=
for package in $packages; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ]; then
    say "==> apt-get install:$missing (Debian packages that tests use as real counterparts)"
    export DEBIAN_FRONTEND=noninteractive
    # Some packages bring a service; this keeps it from being started, and is gone afterwards.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
      printf '#!/bin/sh\nexit 101\n' >$policy
      chmod 755 $policy
      remove_policy() { rm -f $policy; }
      trap remove_policy EXIT
    else
      remove_policy() { :; }
    fi
    apt-get update -qq >&2
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >&2
    remove_policy
    trap - EXIT
  else
    say "==> not root, so these Debian packages are not installed; tests that need them say so and skip:$missing"
  fi
fi

# Helpers of users' networks open the kernel's tunnel device, which some machines lack or keep to root.
if [ "$(id -u)" = 0 ] && [ ! -c /dev/net/tun ]; then
  say "==> mknod -m 0666 /dev/net/tun c 10 200: the tunnel device, for tests of users' networks"
  mkdir -p /dev/net
  mknod -m 0666 /dev/net/tun c 10 200
elif [ "$(id -u)" = 0 ] && [ "$(stat -c %a /dev/net/tun)" != 666 ]; then
  say "==> chmod 0666 /dev/net/tun: as most distributions have it, for tests of users' networks"
  chmod 0666 /dev/net/tun
fi

if [ ! -x node_modules/node/bin/node ] || [ ! -f dist/longshore.cjs ]; then
  say "==> npm ci: installs the packages of package-lock.json into node_modules (nothing outside this folder) and builds dist/"
  npm ci --no-audit --no-fund >&2
fi
say "==> npm run check: types, lint and format, bundle, then all tests"
exec npm run --silent check
