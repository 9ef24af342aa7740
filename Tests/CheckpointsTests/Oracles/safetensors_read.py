"""Prints what the reference implementation reads from FILE: a line for each tensor, then the metadata."""
import json
import sys

import torch
from safetensors import safe_open

with safe_open(sys.argv[1], "pt") as file:
    for name in sorted(file.keys()):
        tensor = file.get_tensor(name)
        raw = bytes(tensor.contiguous().flatten().view(torch.uint8).tolist())
        print(name, str(tensor.dtype).removeprefix("torch."), list(tensor.shape), raw.hex())
    print(json.dumps(file.metadata(), sort_keys=True))
