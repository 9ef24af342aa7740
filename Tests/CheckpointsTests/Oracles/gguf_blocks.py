"""Writes FOLDER/blocks.gguf: quantized blocks of random bits, every finite float16 among their scales, and what `gguf` makes of them."""
import pathlib
import sys

import gguf
import numpy as np

Q = gguf.GGMLQuantizationType
folder = pathlib.Path(sys.argv[1])
random = np.random.default_rng(5)
scales = np.arange(65536, dtype=np.uint16)
scales = scales[np.isfinite(scales.view(np.float16))]
writer = gguf.GGUFWriter(folder / "blocks.gguf", "llama")
for kind, extra in [(Q.Q8_0, 32), (Q.Q4_0, 16), (Q.Q4_1, 18)]:
    blocks = random.integers(0, 256, (len(scales), 2 + extra), dtype=np.uint8)
    blocks[:, :2] = scales.view(np.uint8).reshape(-1, 2)
    if kind == Q.Q4_1:
        blocks[:, 2:4] = random.permutation(scales).view(np.uint8).reshape(-1, 2)
    rows = blocks.reshape(len(scales) // 16, -1)
    writer.add_tensor(kind.name, rows, raw_dtype=kind)
    (folder / f"{kind.name}.f32").write_bytes(gguf.dequantize(rows, kind).astype(np.float32).tobytes())
halves = scales.view(np.float16)
writer.add_tensor("F16", halves)
(folder / "F16.f32").write_bytes(halves.astype(np.float32).tobytes())
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
