"""What PEFT makes of an adapter folder that Winnow wrote.

    python3 check_adapter.py MODEL ADAPTER IDS.json OUT.safetensors

MODEL is an HF folder or a GGUF file, ADAPTER a PEFT folder, IDS.json token ids as [[…]]. OUT holds `logits` [B, T, V] and
`losses` [B, T] as llama_oracle.py defines them. Exits 1 where the adapter's tensors are not exactly those that its
configuration asks for, which PEFT alone would only warn of.
"""

import json
import sys
from pathlib import Path

import torch
from llama_oracle import load_adapter, load_model, logits_and_losses
from safetensors.torch import save_file

if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    model, adapter, ids, out = sys.argv[1:]
    with torch.no_grad():
        logits, losses = logits_and_losses(load_adapter(load_model(model), adapter), torch.tensor(json.loads(Path(ids).read_text())))
    save_file({"logits": logits.contiguous(), "losses": losses.contiguous()}, out)
