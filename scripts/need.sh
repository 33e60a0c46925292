#!/usr/bin/env bash
# Finds or installs what the build and the tests need beside Rust, Node and a C compiler.
# usage: need.sh rust|node|nextest|postgres|chromium|tesseract|python   (prints the path where one is asked for)
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else say "needs root to run: $*"; return 1; fi; }
apt_install() {
  command -v apt-get >/dev/null || return 1
  say "installing $1 (Debian package)"
  as_root apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq "$1" >&2
}
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

case "${1:-}" in
  rust)
    command -v cargo >/dev/null || { say "Rust is missing: install Rust 1.95 or newer (https://rustup.rs)"; exit 1; }
    v=$(rustc --version | cut -d' ' -f2); at_least 1.95.0 "$v" || { say "Rust $v is too old: 1.95 or newer is needed"; exit 1; } ;;
  node)
    command -v node >/dev/null || { say "Node is missing: install Node 20 or newer"; exit 1; }
    v=$(node --version | tr -d v); at_least 20.0.0 "$v" || { say "Node $v is too old: 20 or newer is needed"; exit 1; } ;;
  nextest)
    cargo nextest --version >/dev/null 2>&1 || { say "installing cargo-nextest"; cargo install --locked cargo-nextest >&2; } ;;
  postgres)
    find_pg() { command -v initdb 2>/dev/null && return; ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1; }
    [ -n "$(find_pg)" ] || apt_install postgresql
    found=$(find_pg); [ -n "$found" ] || { say "PostgreSQL's initdb was not found and could not be installed"; exit 1; }
    dirname "$(readlink -f "$found")" ;;
  chromium)
    find_chromium() { for c in chromium chromium-browser google-chrome; do command -v $c 2>/dev/null && return; done; }
    if [ -z "$(find_chromium)" ]; then apt_install chromium || (cd "$(dirname "$0")/../web" && npx --yes playwright install --with-deps chromium >&2); fi
    find_chromium || true ;;
  python)
    command -v python3 >/dev/null || apt_install python3
    command -v python3 || { say "Python 3 was not found and could not be installed"; exit 1; } ;;
  tesseract)
    command -v tesseract >/dev/null || apt_install tesseract-ocr
    command -v tesseract || { say "Tesseract was not found and could not be installed"; exit 1; } ;;
  *) say "usage: need.sh rust|node|nextest|postgres|chromium|tesseract|python"; exit 2 ;;
esac
