#!/usr/bin/env bash
# What must be on the machine: Swift, Python's pip (it fetches wheels), and a few Debian packages.
# `requirements.sh tests` adds what the tests need. Root is asked for only where a package is missing.

source "$(dirname "$0")/lib.sh"

newer() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }

swift_version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -1) || true
[ -n "$swift_version" ] || fail "swift is not on PATH: install Swift 6.1 or newer from https://www.swift.org/install and run this again."
newer 6.1 "$swift_version" || fail "Swift $swift_version is too old: install 6.1 or newer from https://www.swift.org/install and run this again."

"$python" -m pip --version >/dev/null 2>&1 ||
    fail "$python has no pip: install it (on Debian: apt-get install python3-pip), or name another Python in WINNOW_PYTHON."

# Looked for by what they bring, so that other systems' packages and a user's own installation count as well.
missing=()
need() {
    local package=$1 file
    shift
    for file in "$@"; do
        [ -e "$file" ] && return
    done
    missing+=("$package")
}
header() { printf '%s\n' {/usr,/usr/local,/opt/homebrew}/include/"$1"; }

# shellcheck disable=SC2046
{
    need libxml2-dev $(header libxml2/libxml/HTMLparser.h)
    need zlib1g-dev $(header zlib.h)
    need libzstd-dev $(header zstd.h)
}
if [ "${1:-}" = tests ]; then
    browser=${WINNOW_CHROMIUM:-$(command -v chromium chromium-headless-shell chromium-browser google-chrome | head -1)} || true
    need chromium "${browser:-/usr/bin/chromium}"
    need fonts-dejavu-core /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
fi
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
    fail "install the equivalents of Debian's ${missing[*]} with this system's package manager and run this again."
if [ "$(id -u)" = 0 ]; then
    root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root=(sudo -n)
else
    fail "as root, run: apt-get install --yes --no-install-recommends ${missing[*]}"
fi
say "installing Debian packages: ${missing[*]}"
lock_cache
log=$cache/logs/apt.log
install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}")
"${install[@]}" >"$log" 2>&1 || {
    "${root[@]}" apt-get update >"$log" 2>&1
    "${install[@]}" >>"$log" 2>&1
} || fail "apt-get could not install ${missing[*]}: see $log, mend apt's sources or the network, and run this again."
