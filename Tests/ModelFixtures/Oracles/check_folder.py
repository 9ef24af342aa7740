"""What transformers makes of an HF folder that Winnow wrote.

    python3 check_folder.py FOLDER IDS.json OUT.safetensors [TEXT]

IDS.json holds token ids as [[…]]. OUT holds `logits` [B, T, V] and `losses` [B, T] as llama_oracle.py defines them.
Prints {"ids": […] or null}: TEXT through the folder's tokenizer, without special tokens; null where it has none.
Exits 1 where weights are missing or left over, which transformers alone would only warn of.
"""

import json
import sys
from pathlib import Path

import torch
from llama_oracle import load_model, logits_and_losses
from safetensors.torch import save_file
from transformers import AutoTokenizer

if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    folder, ids, out = sys.argv[1:4]
    with torch.no_grad():
        logits, losses = logits_and_losses(load_model(folder), torch.tensor(json.loads(Path(ids).read_text())))
    save_file({"logits": logits.contiguous(), "losses": losses.contiguous()}, out)
    has_tokenizer = any((Path(folder) / name).exists() for name in ("tokenizer.json", "tokenizer.model"))
    tokens = None
    if has_tokenizer:
        tokens = AutoTokenizer.from_pretrained(folder)(sys.argv[4] if len(sys.argv) == 5 else "", add_special_tokens=False)["input_ids"]
    print(json.dumps({"ids": tokens}))
