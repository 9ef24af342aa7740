"""The same training step in transformers and PEFT on a GPU: `peer.py MODEL ADAPTER TOKENS.json OPTION…`.

A worker of compare.py: it makes itself ready, then does a round of steps for every line on standard input and answers with a line of
JSON. Weights are bfloat16, the adapter and the optimizer's state float32, attention is PyTorch's own (flash, for these types).
The options say how hard its user has tried:

none         the public replication's loop: live reference through `disable_adapter()`, full logits, float32 cross-entropy
--dropout    of the adapter, as the replication has it
--cached     the reference's losses are taken once, before the clock starts
--autocast   the adapter's products in bfloat16 too
--fused      libtorch's fused AdamW
--compiled   that, and the decoder's layers through `torch.compile`; `--mode` is inductor's
--liger      Liger's kernels for norms, rotary turning and SwiGLU, where it is installed; its cross-entropy gives no loss a token
"""

import argparse
import contextlib
import json
import sys
import time

import torch
import torch.nn.functional as F


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("adapter")
    parser.add_argument("tokens")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--fused", action="store_true")
    parser.add_argument("--liger", action="store_true")
    parser.add_argument("--mode", default="default", choices=["default", "reduce-overhead", "max-autotune-no-cudagraphs"])
    parser.add_argument("--cached", action="store_true")
    parser.add_argument("--autocast", action="store_true")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--ratio", type=float, default=0.5)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--block-length", type=int, default=128)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2)
    return parser.parse_args()


def load(options):
    from peft import PeftConfig, PeftModel
    from transformers import AutoModelForCausalLM

    if options.liger:
        from liger_kernel.transformers import apply_liger_kernel_to_llama

        apply_liger_kernel_to_llama(rope=True, swiglu=True, rms_norm=True, cross_entropy=False, fused_linear_cross_entropy=False)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.bfloat16).to(options.device)
    config = PeftConfig.from_pretrained(options.adapter)
    config.lora_dropout = options.dropout
    config.inference_mode = False
    model = PeftModel.from_pretrained(model, options.adapter, is_trainable=True, config=config)
    model.train()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    if options.compiled:
        from torch import _dynamo

        # Beyond its limit of recompilations dynamo would run the rest eagerly, and only warn.
        _dynamo.config.fail_on_recompile_limit_hit = True
        layers = model.base_model.model.model.layers
        for index, layer in enumerate(layers):
            layers[index] = torch.compile(layer, dynamic=False, fullgraph=True, mode=options.mode)
    return model


def token_losses(logits, tokens):
    """`[B, T - 1]`: position t predicts token t + 1."""
    logits = logits[:, :-1].float()
    return F.cross_entropy(logits.reshape(-1, logits.size(-1)), tokens[:, 1:].reshape(-1), reduction="none").view(
        tokens.size(0), -1)


class Step:
    def __init__(self, options):
        self.options = options
        self.model = load(options)
        ids = json.load(open(options.tokens))
        self.tokens = torch.tensor(ids[: options.batch_size * options.block_length], device=options.device)
        self.tokens = self.tokens.view(options.batch_size, -1)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.trained, lr=options.learning_rate, weight_decay=0.0, fused=options.compiled or options.fused or None)
        self.reference = self.reference_losses() if options.cached else None

    def cast(self):
        kind = self.options.device.partition(":")[0]
        return torch.autocast(kind, dtype=torch.bfloat16) if self.options.autocast else contextlib.nullcontext()

    def losses(self):
        with self.cast():
            return token_losses(self.model(input_ids=self.tokens, use_cache=False).logits, self.tokens)

    def reference_losses(self):
        with torch.no_grad(), self.model.disable_adapter():
            return self.losses()

    def __call__(self):
        synchronize(self.options.device)
        start = time.perf_counter()
        everything, selected = 0, 0
        for _ in range(self.options.accumulation):
            reference = self.reference if self.reference is not None else self.reference_losses()
            losses = self.losses()
            excess = (losses.detach() - reference).flatten()
            count = max(1, int(self.options.ratio * excess.numel()))
            chosen = torch.topk(excess, count).indices
            loss = losses.flatten()[chosen].mean() / self.options.accumulation
            loss.backward()
            everything, selected = everything + losses.detach().mean(), selected + loss.detach()
        norm = torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        # Read once, at the end, as a user does who knows what it costs.
        result = {
            "loss": everything.item() / self.options.accumulation, "selectedLoss": selected.item(), "gradientNorm": norm.item()}
        synchronize(self.options.device)
        return {"seconds": time.perf_counter() - start, **result}


def synchronize(device):
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def product_rate(device, size, repetitions=10):
    """Operations a second of a large product in bfloat16, best of 3."""
    factor, seconds = torch.rand(size, size, device=device).bfloat16(), []
    for _ in range(3):
        synchronize(device)
        start = time.perf_counter()
        for _ in range(repetitions):
            factor @ factor.T
        synchronize(device)
        seconds.append((time.perf_counter() - start) / repetitions)
    return 2 * size**3 / min(seconds)


def compilation():
    """What shows that inductor compiled, and that nothing was left to run eagerly."""
    from torch._dynamo.utils import counters

    inductor = counters["inductor"]
    found = {
        "graphs": counters["stats"]["unique_graphs"], "graphBreaks": sum(counters["graph_break"].values()),
        "fromInductor": inductor["fxgraph_cache_miss"] + inductor["fxgraph_cache_hit"] + inductor["fxgraph_cache_bypass"]}
    if found["graphs"] == 0 or found["fromInductor"] == 0 or found["graphBreaks"] > 0:
        sys.exit(f"not compiled: {found}")
    return found


def say(value):
    print(json.dumps(value), flush=True)


def main():
    options = arguments()
    step = Step(options)
    first = step()
    for _ in range(options.warmup - 1):
        step()
    say({"first": first, **({"compiled": compilation()} if options.compiled else {})})
    for _ in sys.stdin:
        say([step() for _ in range(options.steps)])
    on_gpu = options.device.startswith("cuda")
    memory = torch.cuda.max_memory_allocated() if on_gpu else 0
    say({"peakMemoryBytes": memory, "productOperationsPerSecond": product_rate(options.device, 8192 if on_gpu else 512)})


if __name__ == "__main__":
    main()
