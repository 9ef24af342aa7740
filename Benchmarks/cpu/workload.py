"""What all sides of a comparison work on: a model, an adapter that has been moved off its start, a text of just one batch.

Run by itself, `workload.py SHAPE FOLDER WINNOW MODEL`, it writes the model and the adapter, so that torch's memory is not the
memory of the program that compares.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
# Shapes with random weights in bfloat16, as TinyLlama is published, in LlamaConfig's words; `135M` is the model named on the command line.
SHAPES = {
    "1.1B": dict(  # TinyLlama's, with positions enough for growth.py
        vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
        num_key_value_heads=4, max_position_embeddings=4096),
    "135M-random": dict(  # SmolLM2-135M's
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, max_position_embeddings=4096, tie_word_embeddings=True),
    "tiny": dict(
        vocab_size=1024, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=4096),
}
NAMES = ["135M", *SHAPES]


@dataclass(frozen=True)
class Weights:
    """A Hugging Face folder, and a PEFT adapter of rank 16 on all its linear layers."""

    model: Path
    adapter: Path


@dataclass(frozen=True)
class Batch:
    """The same tokens for all: prepared shards for Winnow, a list of ids for its peers."""

    shards: Path
    ids: Path


def weights(shape, folder, winnow, model):
    """Made once for a folder."""
    made = Weights(folder / shape / "model", folder / shape / "adapter")
    if not (folder / shape / "complete").exists():
        print(f"writing a model of shape {shape}", file=sys.stderr)
        subprocess.run([sys.executable, __file__, shape, folder, winnow, model], check=True)
    return made


def batch(weights, count, length, winnow, text):
    """A text of just `count` blocks of `length`, so that each step of every side sees the same tokens."""
    folder = weights.model.parent / f"text-{count}x{length}"
    made = Batch(folder / "shards", folder / "ids.json")
    if made.ids.exists():
        return made
    (folder / "text").mkdir(parents=True, exist_ok=True)
    file, source, wanted = folder / "text" / "text.txt", Path(text).read_text(), count * length

    def ids(characters):
        file.write_text((source * (characters // len(source) + 1))[:characters])
        command = [winnow, "tokenize", "--model", weights.model, file, "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["ids"]

    low, high = 0, 16 * wanted
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if len(ids(middle)) >= wanted else (middle, high)
    found = ids(high)
    if not wanted <= len(found) < wanted + length:
        sys.exit(f"no beginning of {text} has {count} blocks of {length} tokens: name another with --text")
    subprocess.run(
        [winnow, "prepare", folder / "text", "--model", weights.model, "--validation-fraction", "0", "--overwrite", "--output",
         made.shards], check=True, stdout=subprocess.DEVNULL)
    made.ids.write_text(json.dumps(found[:wanted]))
    return made


def _write_random(shape, folder):
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(**{"tie_word_embeddings": False, **SHAPES[shape]}, rms_norm_eps=1e-5, bos_token_id=None, eos_token_id=None))
    model.to(torch.bfloat16).save_pretrained(folder)
    model.float()
    # Which tokens they are makes no difference to a speed: the 256 bytes will do.
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))
    return model


def _write(shape, folder, winnow, model):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = Path(folder) / shape
    folder.mkdir(parents=True, exist_ok=True)
    if shape in SHAPES:
        base = _write_random(shape, folder / "model")
    else:
        subprocess.run([winnow, "merge", "--model", model, "--output", folder / "model"], check=True, stdout=subprocess.DEVNULL)
        base = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    adapted = get_peft_model(base, LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS, task_type="CAUSAL_LM"))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                # Excesses far enough apart that rounding seldom decides which token is the last one selected.
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 1e-2)
    adapted.save_pretrained(folder / "adapter")
    (folder / "complete").touch()
    # Fresh pages on their way to the disk would disturb the first rounds.
    os.sync()


if __name__ == "__main__":
    _write(*sys.argv[1:])
