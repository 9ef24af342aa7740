"""The same training step in transformers and PEFT: `peer.py MODEL ADAPTER TOKENS.json OPTION…`.

A worker of compare.py: it makes itself ready, then does a round of steps for every line on standard input and answers with a line of
JSON. Everything is what a user of these libraries would write, and the options say how hard that user has tried:

none        the public replication's loop: live reference through `disable_adapter()`, full logits, float32 cross-entropy
--dropout   of the adapter, as the replication has it; the reference is free of it
--cached    the reference's losses are taken once, before the clock starts
--compiled  the decoder's layers through `torch.compile`, whole (no graph break is allowed, nor falling back after many
            recompilations), and the fused AdamW
"""

import argparse
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("adapter")
    parser.add_argument("tokens")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--cached", action="store_true")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--ratio", type=float, default=0.5)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--block-length", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of dropout")
    return parser.parse_args()


class Compilation:
    """Layers through inductor, and the evidence that it was so."""

    def __init__(self, layers):
        import torch._dynamo

        # Beyond its limit of recompilations dynamo would run the rest eagerly, and only warn.
        torch._dynamo.config.fail_on_recompile_limit_hit = True
        self.layers = len(layers)
        for index, layer in enumerate(layers):
            layers[index] = torch.compile(layer, dynamic=False, fullgraph=True)

    @property
    def evidence(self):
        from torch._dynamo.utils import counters

        inductor = counters["inductor"]
        return {
            "layers": self.layers, "graphs": counters["stats"]["unique_graphs"],
            "fromInductor": inductor["fxgraph_cache_miss"] + inductor["fxgraph_cache_hit"] + inductor["fxgraph_cache_bypass"],
            "graphBreaks": sum(counters["graph_break"].values())}

    def check(self):
        found = self.evidence
        if found["graphs"] == 0 or found["fromInductor"] == 0 or found["graphBreaks"] > 0:
            sys.exit(f"not compiled: {found}; is there a C++ compiler?")


def load(options):
    from peft import PeftConfig, PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32)
    config = PeftConfig.from_pretrained(options.adapter)
    config.lora_dropout = options.dropout
    config.inference_mode = False
    model = PeftModel.from_pretrained(model, options.adapter, is_trainable=True, config=config)
    model.train()
    dropping = [m for m in model.modules() if isinstance(m, torch.nn.Dropout) and m.p > 0 and m.training]
    if bool(dropping) != (options.dropout > 0):
        sys.exit(f"{len(dropping)} modules drop out where --dropout is {options.dropout}")
    return model, Compilation(model.base_model.model.model.layers) if options.compiled else None


def token_losses(logits, tokens):
    """`[B, T - 1]`: position t predicts token t + 1."""
    logits = logits[:, :-1].float()
    return F.cross_entropy(logits.reshape(-1, logits.size(-1)), tokens[:, 1:].reshape(-1), reduction="none").view(
        tokens.size(0), -1)


class Step:
    def __init__(self, options):
        self.options = options
        self.model, self.compilation = load(options)
        ids = json.load(open(options.tokens))
        self.tokens = torch.tensor(ids[: options.batch_size * options.block_length]).view(options.batch_size, -1)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        # The fused AdamW is what a user who has looked for speed takes.
        self.optimizer = torch.optim.AdamW(
            self.trained, lr=options.learning_rate, weight_decay=0.0, fused=options.compiled or None)
        self.reference = self.reference_losses() if options.cached else None
        torch.manual_seed(options.seed)

    def reference_losses(self):
        with torch.no_grad(), self.model.disable_adapter():
            return token_losses(self.model(input_ids=self.tokens, use_cache=False).logits, self.tokens)

    def __call__(self):
        start = time.perf_counter()
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        reference = self.reference if self.reference is not None else self.reference_losses()
        losses = token_losses(self.model(input_ids=self.tokens, use_cache=False).logits, self.tokens)
        excess = (losses.detach() - reference).flatten()
        count = max(1, int(self.options.ratio * excess.numel()))
        chosen = torch.topk(excess, count).indices
        loss = losses.flatten()[chosen].mean()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {
            "seconds": time.perf_counter() - start,
            "loss": losses.mean().item(),
            "selectedLoss": loss.item(),
            "gradientNorm": norm.item(),
            "pageFaults": resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults,
        }


def product_rate(size=4096):
    """Operations a second of a large product, best of 3."""
    factor, seconds = torch.rand(size, size), []
    for _ in range(3):
        start = time.perf_counter()
        factor @ factor.T
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


def say(value):
    print(json.dumps(value), flush=True)


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    step = Step(options)
    first = step()
    for _ in range(options.warmup - 1):
        step()
    ready = {"first": first}
    if step.compilation:
        step.compilation.check()
        ready["compiled"] = step.compilation.evidence
    say(ready)
    for _ in sys.stdin:
        say([step() for _ in range(options.steps)])
    say({"productOperationsPerSecond": product_rate()})


if __name__ == "__main__":
    main()
