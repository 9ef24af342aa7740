"""Random losses and their torch quantiles, as hexadecimal float32 bits: `values;quantiles` a line."""

import sys

import torch

quantiles = torch.tensor([float(q) for q in sys.argv[1:]], dtype=torch.float32)
generator = torch.Generator().manual_seed(20)


def hexadecimal(tensor):
    return " ".join(f"{bits & 0xFFFFFFFF:x}" for bits in tensor.view(torch.int32).tolist())


for size in [*range(1, 401), 100_000]:
    # The sum of two exponentials: skewed and positive, like a token's loss.
    losses = -torch.log(torch.rand(2, size, generator=generator).clamp_min(1e-6)).sum(0)
    print(hexadecimal(losses) + ";" + hexadecimal(torch.quantile(losses, quantiles)))
