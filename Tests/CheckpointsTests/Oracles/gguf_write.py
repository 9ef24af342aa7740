"""Writes FOLDER/tiny.gguf with the `gguf` package: a Llama of two layers with a tensor of every type that is read.

Beside it, under Hugging Face's names, each tensor as `gguf` dequantizes it, the query and key rows put back by
transformers' own reader of GGUF files.
"""
import pathlib
import sys

import gguf
import numpy as np
from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor

Q = gguf.GGMLQuantizationType
folder = pathlib.Path(sys.argv[1])
random = np.random.default_rng(11)
hidden, feed_forward, heads, key_value_heads, head_size, vocabulary = 64, 96, 4, 2, 16, 40
names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
inner = {
    "attn_norm": ("input_layernorm", (hidden,), Q.F32),
    "attn_q": ("self_attn.q_proj", (heads * head_size, hidden), Q.Q4_1),
    "attn_k": ("self_attn.k_proj", (key_value_heads * head_size, hidden), Q.Q8_0),
    "attn_v": ("self_attn.v_proj", (key_value_heads * head_size, hidden), Q.F16),
    "attn_output": ("self_attn.o_proj", (hidden, heads * head_size), Q.Q4_0),
    "ffn_norm": ("post_attention_layernorm", (hidden,), Q.F32),
    "ffn_gate": ("mlp.gate_proj", (feed_forward, hidden), Q.BF16),
    "ffn_up": ("mlp.up_proj", (feed_forward, hidden), Q.Q8_0),
    "ffn_down": ("mlp.down_proj", (hidden, feed_forward), Q.Q4_1),
}

writer = gguf.GGUFWriter(folder / "tiny.gguf", "llama")
writer.add_block_count(2)
writer.add_context_length(128)
writer.add_embedding_length(hidden)
writer.add_feed_forward_length(feed_forward)
writer.add_head_count(heads)
writer.add_head_count_kv(key_value_heads)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_freq_base(50000.0)
writer.add_rope_dimension_count(head_size)
writer.add_tokenizer_model("llama")
writer.add_token_list([f"▁token{i}" for i in range(vocabulary)])
writer.add_token_scores([-float(i) / 3 for i in range(vocabulary)])
writer.add_token_types([1] * vocabulary)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
# One key of every type, arrays among them.
writer.add_uint8("test.uint8", 255)
writer.add_int8("test.int8", -128)
writer.add_uint16("test.uint16", 65535)
writer.add_int16("test.int16", -32768)
writer.add_int32("test.int32", -(2**31))
writer.add_uint64("test.uint64", 2**62)
writer.add_int64("test.int64", -(2**62))
writer.add_float64("test.float64", 0.1)
writer.add_bool("test.bool", True)
writer.add_array("test.bools", [True, False])


def add(name, hugging_face_name, shape, kind, permuted_heads=None):
    weights = random.standard_normal(shape, dtype=np.float32)
    if kind == Q.F32:
        stored, widened = weights, weights
        writer.add_tensor(name, stored)
    else:
        stored = gguf.quantize(weights, kind)
        widened = gguf.dequantize(stored, kind)
        writer.add_tensor(name, stored, raw_dtype=kind)
    if permuted_heads is not None:
        processor = LlamaTensorProcessor()
        widened = processor._reverse_permute_weights(widened, heads, permuted_heads)
    (folder / f"{hugging_face_name}.f32").write_bytes(np.ascontiguousarray(widened, np.float32).tobytes())


add("token_embd.weight", "model.embed_tokens.weight", (vocabulary, hidden), Q.Q8_0)
add("output_norm.weight", "model.norm.weight", (hidden,), Q.F32)
add("output.weight", "lm_head.weight", (vocabulary, hidden), Q.F16)
for layer in range(2):
    for name, (hugging_face_name, shape, kind) in inner.items():
        permuted = {"attn_q": heads, "attn_k": key_value_heads}.get(name)
        add(f"blk.{layer}.{name}.weight", f"model.layers.{layer}.{hugging_face_name}.weight", shape, kind, permuted)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
