"""What transformers and PEFT make of several models that Winnow wrote, in one start of Python.

    python3 check_models.py IDS.json OUT.safetensors NAME=MODEL[+ADAPTER] …

IDS.json holds token ids as [[…]], MODEL is an HF folder or a GGUF file, ADAPTER a PEFT folder. OUT holds NAME, the logits
[B, T, V] of each. Exits 1 where weights are missing or left over, which the peers alone would only warn of.
"""

import json
import sys
from pathlib import Path

import torch
from llama_oracle import load_adapter, load_model, logits_and_losses
from safetensors.torch import save_file

if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    input_ids = torch.tensor(json.loads(Path(sys.argv[1]).read_text()))
    results = {}
    for name, place in (argument.split("=", 1) for argument in sys.argv[3:]):
        folder, _, adapter = place.partition("+")
        model = load_model(folder)
        if adapter:
            model = load_adapter(model, adapter)
        with torch.no_grad():
            results[name] = logits_and_losses(model, input_ids)[0].contiguous()
    save_file(results, sys.argv[2])
