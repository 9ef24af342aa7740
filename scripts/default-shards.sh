#!/usr/bin/env bash
# `default-shards.sh WINNOW` makes token shards of the default corpus with the default model's tokenizer:
# <cache>/corpora/sage-reference, the noisy corpus, and sage-tutorials, the curated one. They are made again when the
# pages, the model, the options below, or the sources that read text and write tokens have changed.

source "$(dirname "$0")/lib.sh"
lock_cache

winnow=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
model=$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf
pages=$cache/corpora/sagemath-doc
[ -e "$pages/VERSION" ] || fail "the default corpus is not in $cache: run make setup."

key=$(
    cd "$checkout"
    {
        cat "$pages/VERSION" scripts/checksums.sha256 scripts/default-shards.sh
        find Sources/Corpora Sources/Tokenizers -name '*.swift' | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cat
    } | git hash-object --stdin
)

# `prepare NAME FOLDER… OPTION…`. Run among the pages, so that the manifest's paths are relative; its indices and its
# search page are left out, being lists of links.
prepare() {
    local shards=$cache/corpora/$1 log=$cache/logs/$1.log
    shift
    [ -e "$shards/manifest.json" ] && [ "$(cat "$shards.key" 2>/dev/null)" = "$key" ] && return
    say "preparing $(basename "$shards") from the default corpus, up to a minute"
    rm -f "$shards.key"
    (cd "$pages" && "$winnow" prepare "$@" --model "$model" --output "$shards" --overwrite \
        --exclude 'genindex*' --exclude search.html --exclude py-modindex.html) >"$log" 2>&1 ||
        fail "the default corpus could not be prepared: see $log; if it names a damaged page, remove $pages and run this again."
    printf '%s\n' "$key" >"$shards.key"
}

prepare sage-reference reference --validation-fraction 0.05
prepare sage-tutorials tutorial a_tour_of_sage constructions prep thematic_tutorials --validation-every 10
