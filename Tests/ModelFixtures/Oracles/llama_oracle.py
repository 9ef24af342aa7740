"""What transformers and PEFT compute: logits, per-token losses, gradients and AdamW steps of a decoder, in float32.

    python3 llama_oracle.py SPEC.json FOLDER [SPEC.json FOLDER …]

Several pairs share one start of Python. SPEC.json (all but one of `model` and `load` may be left out):

    {"model": {"model_type": "llama", "seed": 0, "shard": "50KB", …config…},  make a random model, saved as FOLDER/model
     "load": "/folder" or "/file.gguf",                                       or load one
     "lora": {"r": 4, "alpha": 8, "targets": ["q_proj"], "seed": 1,           a random adapter (A and B), saved as FOLDER/adapter
              "scale": 1.0},                                                  B is multiplied by this
     "adapter": "/folder",                                                    or a PEFT adapter to load
     "input_ids": [[1, 2, 3]] or {"batch": 2, "length": 16, "seed": 2},       default: {"batch": 2, "length": 16, "seed": 0}
     "gradients": true,                                                       false leaves them out (large models)
     "generate": {"prompt": 5, "tokens": 20},                                 go on from the first row's first tokens, greedily
     "adamw": {"steps": 10, "lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "clip": 1.0 or null,
               "input_ids": {"batch": 2, "length": 16, "seed": 3}}}           a fresh batch each step; or [S, B, T] given

FOLDER/expected.safetensors:

    input_ids [B, T]                what was fed
    logits    [B, T, V]
    losses    [B, T]                position t: nats of predicting token t from those before it; position 0 holds 0
    loss      []                    their mean over B · (T − 1) positions
    grad.NAME                       of `loss`. With an adapter, of each A and B, NAME as in adapter_model.safetensors;
                                    without, of each weight, NAME as in model.safetensors (tied ones once)
    generated [n]                   the tokens that follow the prompt
    adamw.input_ids [S, B, T]
    adamw.losses [S]                each before its step
    adamw.gradient_norms [S]        L2, before clipping
    adamw.final.NAME                the trained weights after the last step

A dotted NAME of PEFT's carries `.default` in memory; here, as on disk, it does not. Dropout is off throughout.
"""

import copy
import functools
import json
import math
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

torch.set_num_threads(2)
torch.use_deterministic_algorithms(True)


def random_model(spec):
    """A model whose weights are large enough for attention and losses to matter, which fresh ones are not."""
    spec = dict(spec)
    generator = torch.Generator().manual_seed(spec.pop("seed", 0))
    spec.pop("shard", None)
    config = AutoConfig.for_model(spec.pop("model_type", "llama"), attn_implementation="eager", **spec)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 2:
                parameter.copy_(noise / math.sqrt(parameter.shape[1]))
            else:  # norms, biases
                parameter.add_(0.1 * noise)
        # Unit rows, so that hidden states and (tied) logits are of order 1 and more.
        model.get_input_embeddings().weight.mul_(math.sqrt(config.hidden_size) / 2)
    return model.eval()


def load_model(path):
    """An HF folder or a GGUF file in float32; refuses a folder that lacks weights or has some left over."""
    path = Path(path)
    where = (path.parent, {"gguf_file": path.name}) if path.suffix == ".gguf" else (path, {})
    model, report = AutoModelForCausalLM.from_pretrained(
        where[0], dtype=torch.float32, attn_implementation="eager", output_loading_info=True, **where[1])
    wrong = {key: sorted(map(str, names)) for key, names in report.items() if names}
    if wrong:
        sys.exit(f"{path}: {wrong}")
    return model.eval()


load_once = functools.cache(load_model)


def random_adapter(model, spec):
    model = get_peft_model(
        model, LoraConfig(r=spec["r"], lora_alpha=spec["alpha"], target_modules=list(spec["targets"]), task_type="CAUSAL_LM"))
    generator = torch.Generator().manual_seed(spec.get("seed", 0))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter.shape[1]))
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.mul_(spec.get("scale", 1.0))
    return model.eval()


def load_adapter(model, folder, trainable=False):
    """A PEFT adapter folder over `model`; refuses one whose tensors are not exactly those of its configuration."""
    from safetensors import safe_open

    model = PeftModel.from_pretrained(model, folder, is_trainable=trainable)
    with safe_open(Path(folder) / "adapter_model.safetensors", "pt") as file:
        saved = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
    wanted = {disk_name(name): tuple(p.shape) for name, p in model.named_parameters() if "lora_" in name}
    if saved != wanted:
        sys.exit(f"{folder}: {sorted(set(saved.items()) ^ set(wanted.items()))}")
    return model.eval()


def disk_name(name):
    return name.replace(".default.", ".")


def trained_parameters(model):
    return {disk_name(name): p for name, p in model.named_parameters() if p.requires_grad}


def token_ids(spec, vocabulary, steps=None):
    if isinstance(spec, list):
        return torch.tensor(spec)
    shape = [spec["batch"], spec["length"]] if steps is None else [steps, spec["batch"], spec["length"]]
    return torch.randint(vocabulary, shape, generator=torch.Generator().manual_seed(spec.get("seed", 0)))


def logits_and_losses(model, input_ids):
    logits = model(input_ids=input_ids, use_cache=False).logits
    losses = torch.nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1), input_ids[:, 1:].flatten(), reduction="none")
    losses = losses.view(len(input_ids), -1)
    return logits, torch.nn.functional.pad(losses, (1, 0))


def mean_loss(losses):
    return losses[:, 1:].mean()


def continuation(model, input_ids, spec):
    options = GenerationConfig(max_new_tokens=spec["tokens"], do_sample=False, pad_token_id=0)
    prompt = input_ids[:1, : spec["prompt"]]
    with torch.no_grad():
        return model.generate(prompt, attention_mask=torch.ones_like(prompt), generation_config=options)[0, spec["prompt"] :]


def adamw_steps(model, spec):
    parameters = trained_parameters(model)
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=spec["lr"], betas=tuple(spec.get("betas", (0.9, 0.999))), eps=spec.get("eps", 1e-8),
        weight_decay=spec.get("weight_decay", 0.0), foreach=False)
    batches = token_ids(
        spec.get("input_ids", {"batch": 2, "length": 16, "seed": 3}), model.config.vocab_size, spec.get("steps", 10))
    losses, norms = [], []
    for batch in batches:
        optimizer.zero_grad()
        loss = mean_loss(logits_and_losses(model, batch)[1])
        loss.backward()
        clip = spec.get("clip")
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), math.inf if clip is None else clip).item())
        optimizer.step()
        losses.append(loss.item())
    expected = {"adamw.input_ids": batches, "adamw.losses": torch.tensor(losses), "adamw.gradient_norms": torch.tensor(norms)}
    return expected | {f"adamw.final.{name}": p.detach() for name, p in parameters.items()}


def main(spec_path, folder):
    spec = json.loads(Path(spec_path).read_text())
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if "load" in spec:
        model = copy.deepcopy(load_once(spec["load"]))
    else:
        model = random_model(spec["model"])
        model.save_pretrained(folder / "model", max_shard_size=spec["model"].get("shard", "5GB"))
    if "lora" in spec:
        model = random_adapter(model, spec["lora"])
        model.save_pretrained(folder / "adapter")
    elif "adapter" in spec:
        model = load_adapter(model, spec["adapter"], trainable=True)

    input_ids = token_ids(spec.get("input_ids", {"batch": 2, "length": 16, "seed": 0}), model.config.vocab_size)
    with_gradients = spec.get("gradients", True)
    with torch.set_grad_enabled(with_gradients):
        logits, losses = logits_and_losses(model, input_ids)
    loss = mean_loss(losses)
    expected = {"input_ids": input_ids, "logits": logits.detach(), "losses": losses.detach(), "loss": loss.detach()}
    if with_gradients:
        loss.backward()
        expected |= {f"grad.{name}": p.grad.clone() for name, p in trained_parameters(model).items()}
    if "generate" in spec:
        expected["generated"] = continuation(model, input_ids, spec["generate"])
    if "adamw" in spec:
        expected |= adamw_steps(model, spec["adamw"])
    save_file({name: tensor.contiguous() for name, tensor in expected.items()}, folder / "expected.safetensors")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if not arguments or len(arguments) % 2:
        sys.exit(__doc__)
    for spec, out in zip(arguments[::2], arguments[1::2]):
        main(spec, out)
