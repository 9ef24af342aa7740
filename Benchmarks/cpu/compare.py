"""Winnow's training step against transformers and PEFT: `compare.py WINNOW [MODEL]`, MODEL an HF folder or a GGUF file.

Every side does the same step: the same weights, a LoRA adapter of rank 16 on all linear layers that has been moved off its start, the
same blocks, top-k 0.5 of the excess over the base ranked in the micro-batch, AdamW. Before anything is timed, the losses and
the gradient norm of the first step are compared, wherever dropout doesn't make them random.

All programs are started and made ready first; then they take turns, a few steps each, so that all meet the same machine. A round in
which other processes took more than --disturbance of the processors is thrown away. A figure is the median over the rounds of a program's
median step; a ratio is the median over rounds of the ratio within the round, with the range of its middle half.

Needs torch, transformers and peft on PYTHONPATH: `eval "$(scripts/environment.sh)"; PYTHONPATH=$WINNOW_PEERS python3 …`.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

# name: (program, options); `allocator` keeps freed memory in the process, as Winnow does by itself.
PEERS = {
    "naive": ["--dropout", "0.05"],
    "naive, no dropout": [],
    "live, compiled": ["--compiled"],
    "cached, compiled": ["--cached", "--compiled"],
    "cached, compiled, allocator": ["--cached", "--compiled"],
}
OURS = {
    "winnow, live": ["--reference", "live"],
    "winnow, live, dropout 0.05": ["--reference", "live", "adapter.dropout=0.05", "selection.scoreWithDropout=true"],
    "winnow": ["--reference", "stored"],
}
# What is promised, and of what.
RATIOS = [
    ("winnow", "naive"),
    ("winnow", "cached, compiled"),
    ("winnow", "cached, compiled, allocator"),
    ("winnow, live", "live, compiled"),
    ("winnow, live, dropout 0.05", "naive"),
]
KEEPS_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(64 << 20)}


def processor_ticks():
    """(all, idle) ticks of the machine."""
    fields = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
    return sum(fields), fields[3] + fields[4]


class Worker:
    """A program that does a round of steps for every line it is sent."""

    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ, **environment))
        self.rounds = []
        self.first = None

    def ready(self, line):
        self.first = line["first"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with {self.process.wait()}")
        return json.loads(line)

    def round(self):
        """The samples, the share of the processors that others took meanwhile."""
        (everything, idle), own = processor_ticks(), self.own_ticks()
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        samples = self.read()
        (everything_after, idle_after), own_after = processor_ticks(), self.own_ticks()
        total = max(1, everything_after - everything)
        others = max(0, total - (idle_after - idle) - (own_after - own)) / total
        return samples, others

    def own_ticks(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def finish(self):
        self.process.stdin.close()
        line = self.read()
        self.process.wait()
        return line["peakMemoryBytes"]


def prepare(options, folder):
    """One model folder, one adapter and one list of tokens for all sides."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    model_folder = folder / "model"
    if options.shape == "1.1B":
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
            num_key_value_heads=4, max_position_embeddings=2048, rms_norm_eps=1e-5, tie_word_embeddings=False)
        model = LlamaForCausalLM(config).float()
        model.save_pretrained(model_folder)
        shutil.copy(options.tokenizer, model_folder / "tokenizer.json")
    else:
        subprocess.run([options.winnow, "merge", "--model", options.model, "--output", model_folder], check=True, capture_output=True)
        model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    adapted = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=targets, task_type="CAUSAL_LM"))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 2e-3)
    adapted.save_pretrained(folder / "adapter")

    return model_folder, folder / "adapter"


def write_text(options, folder, model_folder):
    """A text of just as many blocks as a batch has, so that each step of every side sees the same tokens; its ids."""
    text = Path(options.text).read_text()
    wanted = options.batch_size * options.block_length
    (folder / "text").mkdir()
    file = folder / "text" / "text.txt"

    def ids(length):
        file.write_text((text * (length // len(text) + 1))[:length])
        command = [options.winnow, "tokenize", "--model", model_folder, file, "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["ids"]

    low, high = 0, 16 * wanted
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if len(ids(middle)) >= wanted else (middle, high)
    found = ids(high)
    assert wanted <= len(found) < wanted + options.block_length
    (folder / "ids.json").write_text(json.dumps(found[:wanted]))
    subprocess.run([options.winnow, "prepare", folder / "text", "--model", model_folder, "--output", folder / "shards"],
                   check=True, capture_output=True)
    return folder / "shards", folder / "ids.json"


def workers(options, folder):
    model_folder, adapter = prepare(options, folder)
    shards, ids = write_text(options, folder, model_folder)
    sizes = ["--batch-size", str(options.batch_size), "--block-length", str(options.block_length)]
    common = ["--steps", str(options.steps), "--threads", str(options.threads)]
    selected = options.only or [*PEERS, *OURS]
    for name in selected:
        if name in PEERS:
            command = [sys.executable, HERE / "peer.py", model_folder, adapter, ids, *PEERS[name], *sizes, *common]
            yield Worker(name, command, KEEPS_MEMORY if "allocator" in name else {})
        else:
            keys = [x for x in OURS[name] if "=" in x]
            flags = [x for x in OURS[name] if "=" not in x]
            recipe = [
                f"model={model_folder}", f"data.train={shards}", f"data.blockLength={options.block_length}",
                f"adapter.start={adapter}", f"training.batchSize={options.batch_size}", "training.optimizer.learningRate=1e-4",
                "selection.policy=topK", "selection.score=excessLoss", "selection.ratio=0.5", "selection.pool=microBatch",
                "selection.reference=base", f"compute.threads={options.threads}"]
            command = [options.winnow, "bench", *recipe, *keys, *flags, "--paced", "--steps", str(options.steps), "--warmup",
                       "3", "--rounds", "10000"]
            yield Worker(name, command, {})


def check(workers):
    """The losses and gradient norms of the first step of all sides without dropout."""
    first = {worker.name: worker.first for worker in workers if "0.05" not in worker.name and worker.name != "naive"}
    names = list(first)
    for key, tolerance in [("loss", 1e-4), ("selectedLoss", 1e-3), ("gradientNorm", 1e-2)]:
        values = [first[name][key] for name in names]
        if not (min(values) > 0 and max(values) - min(values) <= tolerance * max(values)):
            sys.exit(f"{key} differs, so a speed would mean nothing: {dict(zip(names, values))}")
    return first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("winnow")
    parser.add_argument("model", nargs="?", default="default")
    parser.add_argument("--shape", choices=["model", "1.1B"], default="model", help="random weights of TinyLlama's shape")
    parser.add_argument("--tokenizer", help="a tokenizer.json of 32000 tokens, for --shape 1.1B")
    parser.add_argument("--text", default=HERE.parent.parent / "docs" / "Architecture.md")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--block-length", type=int, default=128)
    parser.add_argument("--steps", type=int, default=2, help="in a turn")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--disturbance", type=float, default=0.05, help="share of the processors that others may take")
    parser.add_argument("--only", action="append", choices=[*PEERS, *OURS], help="one side; may be repeated")
    parser.add_argument("--json", type=Path, help="also write everything here")
    parser.add_argument("--check", type=Path, help="fail where a ratio is more than 10 %% under the one in this file")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        everyone = list(workers(options, Path(name)))
        for worker in everyone:
            worker.ready(worker.read())
        first = check(everyone)
        kept, thrown = [], 0
        while len(kept) < options.rounds and thrown < 3 * options.rounds:
            results = {worker.name: worker.round() for worker in everyone}
            if max(others for _, others in results.values()) > options.disturbance:
                thrown += 1
                print(f"round thrown away: other processes took {max(o for _, o in results.values()):.0%}", file=sys.stderr)
                time.sleep(2)
                continue
            kept.append({name: statistics.median(s["seconds"] for s in samples) for name, (samples, _) in results.items()})
            faults = {name: samples[-1]["pageFaults"] for name, (samples, _) in results.items()}
        peaks = {worker.name: worker.finish() for worker in everyone}
    if not kept:
        sys.exit("every round was disturbed: try again on a quiet machine")

    tokens = options.batch_size * options.block_length
    medians = {name: statistics.median(r[name] for r in kept) for name in kept[0]}
    ratios = {}
    for ours, theirs in RATIOS:
        if ours in medians and theirs in medians:
            values = sorted(r[theirs] / r[ours] for r in kept)
            quarter = len(values) // 4
            ratios[f"{ours} / {theirs}"] = [statistics.median(values), values[quarter], values[-1 - quarter]]

    print(f"{len(kept)} rounds kept, {thrown} thrown away; {options.batch_size} x {options.block_length} tokens, "
          f"{options.threads} threads, {platform.machine()}")
    print(f"{'':32}{'s a step':>10}{'tokens/s':>10}{'GiB':>7}{'faults':>9}")
    for name, seconds in medians.items():
        print(f"{name:32}{seconds:10.3f}{tokens / seconds:10.0f}{peaks[name] / 2**30:7.2f}{faults[name]:9d}")
    for name, (middle, low, high) in ratios.items():
        print(f"{name:60} {middle:5.2f} times as fast ({low:.2f} ... {high:.2f})")

    record = {
        "date": datetime.date.today().isoformat(), "tokensPerStep": tokens, "blockLength": options.block_length,
        "threads": options.threads, "shape": options.shape, "rounds": kept, "thrownAway": thrown, "peakMemoryBytes": peaks,
        "pageFaults": faults, "secondsPerStep": medians, "ratios": ratios, "first": first}
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    if options.check:
        committed = json.loads(options.check.read_text())
        slower = {n: (r[0], committed[n]) for n, r in ratios.items() if n in committed and r[0] < 0.9 * committed[n]}
        if slower:
            sys.exit(f"slower by more than 10 % (measured, committed): {slower}")


if __name__ == "__main__":
    main()
