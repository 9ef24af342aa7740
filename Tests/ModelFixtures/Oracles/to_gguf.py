"""Writes an HF folder as GGUF in float32, as llama.cpp's converter names and arranges it: to_gguf.py ARCHITECTURE FOLDER OUT …

ARCHITECTURE is `general.architecture`, of a family whose queries and keys are not permuted. FOLDER and OUT may be repeated after
another ARCHITECTURE. The vocabulary is made up: the models are random.
"""

import json
import sys
from pathlib import Path

import gguf
from safetensors import safe_open


def convert(architecture, folder, out):
    config = json.loads((Path(folder) / "config.json").read_text())
    layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
    size = config.get("head_dim") or config["hidden_size"] // heads
    writer = gguf.GGUFWriter(out, architecture)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(layers)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([f"t{index}" for index in range(config["vocab_size"])])
    writer.add_token_merges([])
    kind = next(kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(kind, layers)
    for file in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(file, "np") as tensors:
            for name in tensors.keys():
                writer.add_tensor(names.get_name(name, (".weight", ".bias")), tensors.get_tensor(name))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if not arguments or len(arguments) % 3:
        sys.exit(__doc__)
    for start in range(0, len(arguments), 3):
        convert(*arguments[start : start + 3])
