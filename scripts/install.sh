#!/usr/bin/env bash
# Installs what Weighbridge needs on Debian or Ubuntu: system packages through apt (only those that are missing), uv, and
# the locked environment in .venv. Says what to do where that takes root and there is none. Safe to run again.
#   scripts/install.sh [--dev]    --dev also installs what the tests and checks need
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1mweighbridge:\033[0m %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(uname -s)" = Linux ] || fail "the cell needs Linux; on macOS or Windows use Docker: see docs/install.md"

# --- system packages -----------------------------------------------------------------------------
missing=()
command -v bwrap >/dev/null || missing+=(bubblewrap)
command -v setpriv >/dev/null && command -v prlimit >/dev/null || missing+=(util-linux)
command -v python3 >/dev/null || missing+=(python3)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
ldconfig -p 2>/dev/null | grep -q 'libgomp\.so\.1' || missing+=(libgomp1)
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || fail "please install: ${missing[*]} (this is no Debian or Ubuntu, so apt cannot do it)"
  if [ "$(id -u)" = 0 ]; then root=(); elif command -v sudo >/dev/null; then root=(sudo); else
    fail "these packages take root to install: run 'apt-get install -y ${missing[*]}' as root, then this again"
  fi
  say "installing ${missing[*]} with apt"
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "Python 3.11 or newer is needed, python3 is $(python3 --version 2>&1); install python3.11 or newer"

# --- uv ------------------------------------------------------------------------------------------
if command -v uv >/dev/null; then uv=$(command -v uv); else
  uv=.tools/uv/bin/uv
  if [ ! -x "$uv" ]; then
    say "installing uv into .tools"
    python3 -m venv .tools/uv
    .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
  fi
fi

# --- the locked environment ----------------------------------------------------------------------
groups=(--no-dev)
[ "${1:-}" = --dev ] && groups=(--group dev)
extras=(--extra local)
[ "${1:-}" = --dev ] && extras=(--extra local --extra inspect --extra spark)
say "installing the locked environment into .venv"
"$uv" sync --frozen --quiet --inexact "${groups[@]}" "${extras[@]}"
if [ "${1:-}" = --dev ]; then
  say "installing the panel's tool sets"
  .venv/bin/weighbridge panel install
fi
