"""Writes FOLDER/every-type.safetensors with the reference implementation, and each tensor as PyTorch widens it to float32."""
import pathlib
import sys

import torch
from safetensors.torch import save_file

folder = pathlib.Path(sys.argv[1])
generator = torch.Generator().manual_seed(7)
normal = torch.randn(3, 5, generator=generator) * 100
extremes = torch.tensor([0.0, -0.0, 1.0, 65504.0, -65504.0, 6e-8, -6e-8, 6.1e-5, float("inf"), float("-inf")])
tensors = {
    "f64": normal.double(),
    "f32": normal,
    "f16": normal.half(),
    "f16.extremes": extremes.half(),
    "bf16": normal.bfloat16(),
    "bf16.extremes": extremes.bfloat16(),
    "i64": torch.tensor([[-(2**62), 2**62 + 1]]),
    "i32": torch.tensor([-(2**31), 2**31 - 1, 5], dtype=torch.int32),
    "i16": torch.tensor([-(2**15), 2**15 - 1, 5], dtype=torch.int16),
    "i8": torch.tensor([-128, 127, 5], dtype=torch.int8),
    "u8": torch.tensor([0, 255, 5], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(3.5),
    "empty": torch.zeros(0, 4),
}
save_file(tensors, folder / "every-type.safetensors", metadata={"format": "pt", "note": "ünïcode"})
for name, tensor in tensors.items():
    (folder / f"{name}.f32").write_bytes(tensor.float().numpy().tobytes())
