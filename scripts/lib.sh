# What every step of the set-up shares; sourced, never run.
#
# A step prints one line when it does something and nothing when there is nothing to do. What it fetches is checked, then
# renamed into place: a file that stands in the cache is whole, and an interrupted step simply starts again.
# shellcheck shell=bash

set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${WINNOW_CACHE:-${XDG_CACHE_HOME:-${HOME:?set HOME or WINNOW_CACHE}/.cache}/winnow}
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
python=${WINNOW_PYTHON:-python3}

# pip as it is needed here, whatever the user's own settings say. PIP_RESUME_RETRIES is ignored before pip 25.1.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1 PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0
export PIP_RESUME_RETRIES=20

say() { printf 'setup: %s\n' "$*" >&2; }

# One sentence: what is wrong and what to do about it.
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# One set-up at a time for a cache; another one waits.
lock_cache() {
    mkdir -p "$cache/logs" 2>/dev/null || fail "cannot write to $cache: set WINNOW_CACHE to a folder that you may write to."
    command -v flock >/dev/null || return 0
    exec 9>"$cache/.lock"
    flock -n 9 || {
        say "another set-up is using $cache: waiting for it"
        flock 9
    }
}

# A new empty folder beside the place that the result will be renamed to. `incoming models` prints its path.
incoming() {
    local folder=$cache/$1/.incoming
    rm -rf "$folder"
    mkdir -p "$folder"
    printf '%s\n' "$folder"
}

# `pip NAME ARGUMENT…` runs pip, with its progress bar on a terminal only; what it did goes to <cache>/logs/NAME.log.
pip() {
    local log=$cache/logs/$1.log
    shift
    rm -f "$log"
    if [ -t 2 ]; then
        "$python" -m pip --log "$log" "$@" >&2
    else
        "$python" -m pip --log "$log" --quiet "$@" >/dev/null 2>&1
    fi
}

# `fetch_wheel NAME REQUIREMENT FOLDER` downloads one wheel, which pip checks against the digest that its index states,
# and unpacks it into FOLDER without installing it.
fetch_wheel() {
    pip "$1" download --no-deps --only-binary :all: --dest "$3" "$2" ||
        fail "$2 could not be downloaded: see $cache/logs/$1.log, mend the network or pip's index, and run this again."
    "$python" -m zipfile -e "$3"/*.whl "$3" || fail "$2 could not be unpacked: free some space under $cache and run this again."
    rm "$3"/*.whl
}

# The digest that scripts/checksums.sha256 pins for a path within the cache; empty where it pins none.
pinned() { awk -v path="$1" '$2 == path { print $1 }' "$checkout/scripts/checksums.sha256"; }

digest() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# `is_pinned FILE PATH`: whether FILE exists and is the one that is pinned for PATH within the cache.
is_pinned() { [ -f "$1" ] && [ -n "$(pinned "$2")" ] && [ "$(digest "$1")" = "$(pinned "$2")" ]; }

# `keep FILE PATH` checks FILE against its pin and renames it to PATH within the cache.
keep() {
    is_pinned "$1" "$2" ||
        fail "$2 is not the file that scripts/checksums.sha256 pins (SHA-256 $(digest "$1")): a mirror may be at fault, so try another index, and report it if that does not help."
    mkdir -p "$(dirname "$cache/$2")"
    mv -f "$1" "$cache/$2"
}
