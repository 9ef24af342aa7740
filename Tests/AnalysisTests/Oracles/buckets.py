"""Token-loss files with numpy, and their buckets by torch.quantile and plain counting."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

folder = Path(sys.argv[1])
random = np.random.default_rng(7)
shape = (64, 128)
mask = random.random(shape) < 0.93
mask[:, 0] = False
ids = random.integers(0, 49152, shape)

baseline = torch.tensor(random.gamma(1.5, 1.6, shape), dtype=torch.float32)
save_file(
    {"losses": baseline, "mask": torch.tensor(mask), "input_ids": torch.tensor(ids)}, folder / "baseline.safetensors"
)

counted = torch.tensor(mask)
threshold = torch.quantile(baseline[counted], 0.7)

close = baseline + torch.tensor(random.normal(0, 0.3, shape), dtype=torch.float32)
tied = torch.where(torch.tensor(random.random(shape) < 0.2), threshold, close)
variants = {
    "close.safetensors": {"losses": close, "mask": counted.to(torch.int64)},
    "tied.safetensors": {"losses": tied, "mask": counted.to(torch.uint8), "input_ids": torch.tensor(ids, dtype=torch.int32)},
    "half.safetensors": {"losses": close.to(torch.bfloat16), "mask": counted.to(torch.float32)},
}
result = {}
for name, tensors in variants.items():
    save_file(tensors, folder / name)
    before = baseline[counted]
    after = tensors["losses"].to(torch.float32)[counted]
    high, risen = before >= threshold, after >= threshold
    result[name] = {
        "threshold": threshold.item(),
        "HH": (high & risen).sum().item(),
        "HL": (high & ~risen).sum().item(),
        "LH": (~high & risen).sum().item(),
        "LL": (~high & ~risen).sum().item(),
        "meanChange": (after.double() - before.double()).mean().item(),
    }
print(json.dumps(result))
