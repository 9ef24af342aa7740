"""Writes into FOLDER packed rows of random weights, and what they stand for, in float32.

q8_0, q4_0, q4_1, float16, bfloat16: packed and widened by the `gguf` package. nf4, int8: weights that are to be packed, and what
rounding them makes of them, by the definitions: the quantiles of QLoRA's NormalFloat come from scipy, as bitsandbytes makes them.
"""
import pathlib
import sys

import gguf
import numpy as np
from scipy.stats import norm

folder, outputs, inputs, odd = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:5])
random = np.random.default_rng(3)


def write(name, kind, values):
    (folder / f"{name}.{kind}").write_bytes(np.ascontiguousarray(values).tobytes())


Q = gguf.GGMLQuantizationType
for name, kind in {"q8_0": Q.Q8_0, "q4_0": Q.Q4_0, "q4_1": Q.Q4_1, "float16": Q.F16, "bfloat16": Q.BF16}.items():
    packed = gguf.quantize(random.standard_normal((outputs, inputs), dtype=np.float32), kind)
    write(name, "packed", packed)
    write(name, "values", gguf.dequantize(packed, kind).astype(np.float32))

weights = random.standard_normal((outputs, odd), dtype=np.float32)
weights[1, :64] = 0
weights[2, 70] = -7
write("nf4", "weights", weights)
write("int8PerRow", "weights", weights)

offset = 0.9677083
positive, negative = norm.ppf(np.linspace(offset, 0.5, 9)[:-1]), -norm.ppf(np.linspace(offset, 0.5, 8)[:-1])
quantiles = np.sort(np.concatenate([positive, [0], negative]))
quantiles /= quantiles.max()
write("nf4", "quantiles", quantiles.astype(np.float32))
nf4 = np.empty(weights.shape)
for start in range(0, odd, 64):
    block = weights[:, start : start + 64].astype(np.float64)
    largest = np.abs(block).max(axis=1, keepdims=True)
    code = np.abs(block[..., None] / np.where(largest == 0, 1, largest)[..., None] - quantiles).argmin(-1)
    nf4[:, start : start + 64] = quantiles[code] * largest
write("nf4", "values", nf4.astype(np.float32))

# In float32, so that a value half way between two goes the same way.
scale = np.abs(weights).max(axis=1, keepdims=True) / np.float32(127)
write("int8PerRow", "values", np.rint(weights / scale) * scale)
