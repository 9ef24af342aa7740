"""Writes a Hugging Face folder of TinyLlama's shape with random weights, bfloat16 in three shards: 1,100,048,384 parameters,
2.2 GB. For trying a model of that size where there is none: random_llama.py CONFIG FOLDER. It needs numpy."""

import json
import pathlib
import shutil
import struct
import sys

import numpy

configuration, folder = map(pathlib.Path, sys.argv[1:3])
folder.mkdir(parents=True, exist_ok=True)
shutil.copy(configuration, folder / "config.json")
sizes = json.loads(configuration.read_text())
width, inner = sizes["hidden_size"], sizes["intermediate_size"]
narrow = width * sizes["num_key_value_heads"] // sizes["num_attention_heads"]
vocabulary, layers = sizes["vocab_size"], sizes["num_hidden_layers"]

shapes = {"model.embed_tokens.weight": (vocabulary, width)}
for layer in range(layers):
    for name, shape in {
        "input_layernorm": (width,), "post_attention_layernorm": (width,), "self_attn.q_proj": (width, width),
        "self_attn.k_proj": (narrow, width), "self_attn.v_proj": (narrow, width), "self_attn.o_proj": (width, width),
        "mlp.gate_proj": (inner, width), "mlp.up_proj": (inner, width), "mlp.down_proj": (width, inner),
    }.items():
        shapes[f"model.layers.{layer}.{name}.weight"] = shape
shapes |= {"model.norm.weight": (width,), "lm_head.weight": (vocabulary, width)}

generator = numpy.random.default_rng(0)
names, shards = list(shapes), 3
weight_map = {}
for shard in range(shards):
    file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
    own = names[shard * len(names) // shards:(shard + 1) * len(names) // shards]
    header, end = {}, 0
    for name in own:
        start, end = end, end + 2 * int(numpy.prod(shapes[name]))
        header[name] = {"dtype": "BF16", "shape": shapes[name], "data_offsets": [start, end]}
        weight_map[name] = file
    text = json.dumps(header).encode()
    with open(folder / file, "wb") as output:
        output.write(struct.pack("<Q", len(text)) + text)
        for name in own:
            values = generator.standard_normal(shapes[name], dtype=numpy.float32) * 0.02
            if "norm" in name:
                values = 1 + values
            # The upper half of a float32: rounded towards zero, which random weights don't mind.
            output.write((values.view(numpy.uint32) >> 16).astype("<u2").tobytes())
(folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
