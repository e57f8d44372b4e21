# Sourced by the other scripts: makes a checkout ready to run. Prints to stderr only; quick when nothing changed.
# Sets: ROOT (the checkout), NODE (the pinned Node of this workspace).
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PNPM_VERSION=10.34.8
NODE="$ROOT/node_modules/node/bin/node"

# The stamp names what node_modules was installed from; another lockfile means another install.
tombolo_install() {
  local stamp="$ROOT/node_modules/.tombolo-installed" want
  want="$(cat "$ROOT/pnpm-lock.yaml" "$ROOT"/package.json "$ROOT"/packages/*/package.json | sha256sum | cut -d' ' -f1)"
  if [ -x "$NODE" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then return 0; fi
  command -v npm >/dev/null || { echo "tombolo: npm is missing; install Node.js 20 or newer with npm" >&2; exit 1; }
  echo "tombolo: installing packages (first run, or the lockfile changed)" >&2
  (cd "$ROOT" && CI=true npx -y "pnpm@$PNPM_VERSION" install --frozen-lockfile --reporter=append-only) >&2
  [ -x "$NODE" ] || { echo "tombolo: the pinned Node was not installed; see the lines above" >&2; exit 1; }
  echo "$want" >"$stamp"
}

# tombolo_debian COMMAND PACKAGE...: installs Debian packages where COMMAND (or a file with that path) is missing. Services
# are kept from starting.
tombolo_debian() {
  local cmd="$1"; shift
  if [ -f "$cmd" ] || PATH="$PATH:/usr/sbin:/sbin" command -v "$cmd" >/dev/null; then return 0; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tombolo: '$cmd' is missing; as root: apt-get install --no-install-recommends $*" >&2
    return 1
  fi
  echo "tombolo: installing $* (Debian)" >&2
  local policy=/usr/sbin/policy-rc.d made=no
  if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; made=yes; fi
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >&2 || { [ $made = yes ] && rm -f "$policy"; return 1; }
  [ $made = yes ] && rm -f "$policy"
  return 0
}

tombolo_install
