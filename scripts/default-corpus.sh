#!/usr/bin/env bash
# The default corpus: the pages of Debian's sagemath-doc (CC-BY-SA-3.0) in <cache>/corpora/sagemath-doc, downloaded and
# unpacked without being installed. Its VERSION file says which package they are from.

source "$(dirname "$0")/lib.sh"
lock_cache

version=9.5-6
package=sagemath-doc_${version}_all.deb
downloads=$cache/downloads
pages=$cache/corpora/sagemath-doc
[ -e "$pages/VERSION" ] && exit 0

# `download SPECIFICATION OPTION…` into the downloads folder; apt replaces what an interrupted download left there.
download() {
    local specification=$1
    shift
    (cd "$downloads" && apt-get download "$specification" -o Acquire::Retries=3 "$@") >>"$cache/logs/default-corpus.log" 2>&1
}

# This machine's package lists may be missing or stale, and only root may refresh them: others in the cache will do.
private_lists() {
    local folder=$cache/apt
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
    apt=(-o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache")
    apt-get update "${apt[@]}" -o APT::Sandbox::User="$(id -un)" >>"$cache/logs/default-corpus.log" 2>&1
}

mkdir -p "$downloads"
deb=$downloads/$package
if ! is_pinned "$deb" "downloads/$package"; then
    by_hand="put Debian's $package into $downloads by hand and run this again"
    command -v apt-get >/dev/null || fail "the default corpus comes from a Debian package, and apt-get is not here: $by_hand."
    say "fetching the default corpus, Debian's sagemath-doc, 75 MB"
    rm -f "$cache/logs/default-corpus.log"
    download "sagemath-doc=$version" || {
        private_lists && download "sagemath-doc=$version" "${apt[@]}"
    } || {
        rm -f "$downloads"/*.deb
        download sagemath-doc "${apt[@]}" && deb=$(echo "$downloads"/*.deb)
    } || fail "sagemath-doc could not be downloaded: see $cache/logs/default-corpus.log, mend the network or apt's sources, or $by_hand."
    case $deb in
    */"$package")
        is_pinned "$deb" "downloads/$package" || {
            rm -f "$deb"
            fail "$package is not the file that scripts/checksums.sha256 pins and was removed: run this again, or $by_hand."
        }
        ;;
    *)
        version=$(basename "$deb" | cut -d _ -f 2)
        say "NOTE: Debian serves sagemath-doc $version here, not the pinned one: figures will differ from the published ones."
        ;;
    esac
fi

# Pages alone: `_static` holds hard links that tar cannot make on its own, and pictures teach a language model nothing.
folder=$(incoming corpora)
if command -v dpkg-deb >/dev/null; then
    dpkg-deb --fsys-tarfile "$deb"
else
    ar p "$deb" data.tar.xz | xz --decompress
fi | tar -x -C "$folder" --strip-components=7 --exclude='*/_static*' --wildcards './usr/share/doc/sagemath/html/en/*.html' ||
    fail "$deb could not be unpacked: it holds no English pages, or $cache has no space left."
printf '%s\n' "$version" >"$folder/VERSION"
rm -rf "$pages"
mv "$folder" "$pages"
rm -rf "$deb" "$cache/apt"
