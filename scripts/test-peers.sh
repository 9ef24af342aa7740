#!/usr/bin/env bash
# The Python packages that the tests compare Winnow with (Tests/requirements.txt): <cache>/python-peers/<key>, where the
# key is made of the pins and of Python's version. torch and pyarrow are the wheels that libtorch and
# Arrow come from. `test-peers.sh path` prints
# the folders as PYTHONPATH wants them and installs nothing.

source "$(dirname "$0")/lib.sh"

tag=$("$python" -c 'import sys; print(sys.implementation.cache_tag)')
key=$( (cat "$checkout/Tests/requirements.txt" && echo "$tag") | git hash-object --stdin | cut -c 1-16)
peers=$cache/python-peers/$key
libtorch=$(readlink -f "${LIBTORCH:-$checkout/.libtorch}")
libarrow=$("$checkout/scripts/libarrow.sh" path)
packages=$peers:$(dirname "$libtorch"):$(dirname "$libarrow")

if [ "${1:-}" = path ]; then
    printf '%s\n' "$packages"
    exit 0
fi
[ -e "$libtorch/__init__.py" ] ||
    fail "the tests compare with PyTorch in Python, which $libtorch lacks: point LIBTORCH at a wheel's torch folder, or unset it."
[ -e "$libarrow/__init__.py" ] ||
    fail "the tests compare with pyarrow, which $libarrow lacks: point LIBARROW at a wheel's pyarrow folder, or unset it and run scripts/libarrow.sh."
lock_cache
[ -d "$peers" ] && exit 0

say "installing the Python packages that the tests compare with, 150 MB"
folder=$(incoming python-peers)
pip test-peers install --no-deps --no-compile --only-binary :all: --target "$folder" --requirement "$checkout/Tests/requirements.txt" ||
    fail "the packages in Tests/requirements.txt could not be installed: see $cache/logs/test-peers.log, mend the network or pip's index, and run this again."

# Proves the set, and byte-compiles the part of it that the tests import.
PYTHONPATH=$folder:$(dirname "$libtorch") HF_HUB_OFFLINE=1 "$python" -s - >"$cache/logs/test-peers.log" 2>&1 <<'PYTHON' ||
import gguf, numpy, peft, safetensors.torch, scipy.stats, sentencepiece, tiktoken, tokenizers, torch, transformers

llama = transformers.LlamaForCausalLM(
    transformers.LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2))
model = peft.get_peft_model(llama, peft.LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
tokens = torch.arange(16).reshape(1, 16)
model(input_ids=tokens, labels=tokens).loss.backward()
PYTHON
    fail "the packages in Tests/requirements.txt do not work with $("$python" --version) and $libtorch: see $cache/logs/test-peers.log; if libtorch was fetched for another Python, remove it and run this again."
mv "$folder" "$peers"
