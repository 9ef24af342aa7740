"""Winnow's training step against transformers and PEFT on a GPU: `compare.py WINNOW FOLDER`.

Every side does the same step: random weights of TinyLlama's shape in bfloat16, a float32 LoRA adapter of rank 16 on all linear layers
that has been moved off its start, the same blocks, top-k 0.5 of the excess over the base ranked in the micro-batch, AdamW. FOLDER keeps
the weights for the next time. One side goes after the other, since two may not fit on one card. Before a figure counts, the losses and
the gradient norms of the first steps are compared, wherever dropout doesn't make them random. A figure is the median over the
rounds of a side's median step, a ratio the median of the rounds' ratios. A peer that cannot run here is named, with its
reason, and left out.

Needs torch, transformers and peft, and WINNOW's libraries where the loader finds them.
"""

import argparse
import datetime
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cpu"))

import turns  # noqa: E402
import workload  # noqa: E402

TUNED = ["--cached", "--autocast", "--compiled"]
PEERS = {
    "naive": ["--dropout", "0.05"],
    "naive, no dropout": [],
    "compiled": TUNED,
    "compiled, graphs": [*TUNED, "--mode", "reduce-overhead"],
    "liger": ["--cached", "--autocast", "--fused", "--liger"],
}
DROPOUT = ["adapter.dropout=0.05", "selection.scoreWithDropout=true"]
OURS = {
    "winnow": ["--reference", "stored"],
    "winnow, live": ["--reference", "live"],
    "winnow, operators": ["--reference", "stored", "compute.arithmetic=operators"],
    # The seed's protocol, but for its live reference.
    "winnow, dropout": ["--reference", "stored", *DROPOUT],
    "winnow, no graphs": ["--reference", "stored", "compute.graphs=off"],
    "winnow, host selects": ["--reference", "stored", "compute.selection=host"],
    # What graphs do, without recording it, on a CPU too.
    "winnow, rehearsed": ["--reference", "stored", "compute.selection=device", "compute.graphs=rehearsed"],
}
EXACT = {name for name, flags in PEERS.items() if "--dropout" not in flags} | set(OURS) - {"winnow, dropout"}
# What is promised: ours, theirs, at which work, how many times as fast.
TARGETS = [
    ("winnow", "naive", "4 x 128 x 4", 5), ("winnow", "compiled", "4 x 128 x 4", 3),
    ("winnow", "compiled, graphs", "4 x 128 x 4", 3), ("winnow", "compiled", "8 x 2048", 1.5),
    ("winnow", "compiled, graphs", "8 x 2048", 1.5), ("winnow", "liger", "4 x 128 x 4", 3), ("winnow", "liger", "8 x 2048", 1.5),
]
# Of the product's rate at 8 x 2048, and of memory at the seed's protocol.
LEAST_SHARE, MOST_MEMORY = 0.55, 3.5 * 2**30
# Of the seed's 5.9 M tokens, at its protocol, with the shape of SmolLM2-135M.
EPOCH_TOKENS, MOST_EPOCH_SECONDS = 5_900_000, 90
# The rounding of bfloat16, which every side does in another order.
AGREEMENT = {"loss": 0.01, "selectedLoss": 0.02, "gradientNorm": 0.1}


@dataclass(frozen=True)
class Work:
    batch_size: int
    block_length: int
    accumulation: int = 1

    @property
    def name(self):
        return f"{self.batch_size} x {self.block_length}" + (f" x {self.accumulation}" if self.accumulation > 1 else "")

    @property
    def tokens(self):
        return self.batch_size * self.block_length * self.accumulation


def worker(side, work, weights, batch, options):
    steps = ["--steps", options.steps, "--warmup", options.warmup]
    if side in PEERS:
        return turns.Worker(side, [
            sys.executable, HERE / "peer.py", weights.model, weights.adapter, batch.ids, *PEERS[side], *steps, "--device",
            options.device, "--batch-size", work.batch_size, "--block-length", work.block_length, "--accumulation",
            work.accumulation])
    return turns.Worker(side, [
        options.winnow, "bench", "--device", options.device, *OURS[side], *steps, "--paced", "--rounds", 10000,
        "compute.dtype=bfloat16", f"model={weights.model}", f"data.train={batch.shards}", f"data.blockLength={work.block_length}",
        f"adapter.start={weights.adapter}", f"training.batchSize={work.batch_size}",
        f"training.accumulation={work.accumulation}", "training.optimizer.learningRate=1e-4", "selection.policy=topK",
        "selection.score=excessLoss", "selection.ratio=0.5", "selection.pool=microBatch", "selection.reference=base"])


def play(work, weights, options):
    """Every side's steps, one side after the other: two of them may not fit on one card."""
    batch = workload.batch(weights, work.batch_size, work.block_length, options.winnow, options.text)
    times, missing, finished = {}, {}, []
    for side in options.only or [name for name in [*OURS, *PEERS] if name != "winnow, rehearsed"]:
        candidate = worker(side, work, weights, batch, options)
        try:
            candidate.wait_until_ready()
            times[side] = [
                statistics.median(sample["seconds"] for sample in candidate.turn()[0]) for _ in range(options.rounds)]
            candidate.finish()
            finished.append(candidate)
        except turns.WorkerFailed as failure:
            if side in OURS:
                raise
            times.pop(side, None)
            missing[side] = str(failure)
        finally:
            candidate.stop()
    exact = {side.name: side.ready["first"] for side in finished if side.name in EXACT}
    agree(work, exact)
    rounds = [{name: values[index] for name, values in times.items()} for index in range(options.rounds)]
    operations = next((s.ready["operationsPerToken"] for s in finished if s.name in OURS and "live" not in s.name), None)
    reasons = {
        side.name: {key: side.ready[key] for key in ("hostSelection", "noGraphs") if key in side.ready}
        for side in finished if side.name in OURS}
    return {
        "reasons": reasons,
        "work": {**asdict(work), "tokensPerStep": work.tokens}, "missing": missing, "first": exact, "rounds": rounds,
        "secondsPerStep": {name: statistics.median(r[name] for r in rounds) for name in rounds[0]},
        "peakMemoryBytes": {side.name: side.last["peakMemoryBytes"] for side in finished},
        "productOperationsPerSecond": max(side.last["productOperationsPerSecond"] for side in finished),
        "operationsPerToken": operations}


def agree(work, first):
    for key, tolerance in AGREEMENT.items():
        values = {name: step[key] for name, step in first.items()}
        least, most = min(values.values()), max(values.values())
        if not (least > 0 and most - least <= tolerance * most):
            sys.exit(f"{work.name}: {key} differs by more than {tolerance:.0%}, so a speed would mean nothing: {values}")


def ratio(result, ours, theirs):
    if any(name not in result["secondsPerStep"] for name in (ours, theirs)):
        return None
    return statistics.median(r[theirs] / r[ours] for r in result["rounds"])


def show(result):
    name, tokens = result["name"], result["work"]["tokensPerStep"]
    print(f"\n{name}: {tokens} tokens a step, losses agree")
    print(f"{'':22}{'ms a step':>11}{'tokens/s':>11}{'of peak':>9}{'GiB':>8}")
    for side, seconds in result["secondsPerStep"].items():
        operations = result["operationsPerToken"]
        share = f"{operations * tokens / seconds / result['productOperationsPerSecond']:.1%}" if operations else ""
        memory = result["peakMemoryBytes"][side] / 2**30
        print(f"{side:22}{1000 * seconds:11.2f}{tokens / seconds:11.0f}{share:>9}{memory:8.2f}")
    for side, reasons in result["reasons"].items():
        for what, reason in reasons.items():
            print(f"{side:22} {'without graphs' if what == 'noGraphs' else 'selects on the host'}: {reason}")
    for side, reason in result["missing"].items():
        print(f"{side:22} could not run: {reason.splitlines()[-1][:150]}")


def judge(results, shape):
    """(what, target, measured, whether it is reached) of what could be measured."""
    if shape == "135M-random":
        seconds = [
            EPOCH_TOKENS / result["work"]["tokensPerStep"] * result["secondsPerStep"]["winnow, dropout"] for result in results
            if result["name"] == "4 x 128 x 4" and "winnow, dropout" in result["secondsPerStep"]]
        return [(f"seconds for {EPOCH_TOKENS} tokens", f"<= {MOST_EPOCH_SECONDS}", round(s, 1), s <= MOST_EPOCH_SECONDS)
                for s in seconds]
    judged = []
    for ours, theirs, name, least in TARGETS:
        for result in results:
            found = ratio(result, ours, theirs) if result["name"] == name else None
            if found:
                judged.append((f"{ours} / {theirs}, {name}", f">= {least}", round(found, 3), found >= least))
    for result in results:
        if "winnow" not in result["secondsPerStep"]:
            continue
        if result["name"] == "8 x 2048":
            rate = result["operationsPerToken"] * result["work"]["tokensPerStep"] / result["secondsPerStep"]["winnow"]
            share = rate / result["productOperationsPerSecond"]
            judged.append(("share of the product's rate, 8 x 2048", f">= {LEAST_SHARE}", round(share, 3), share >= LEAST_SHARE))
        if result["name"] == "4 x 128 x 4":
            memory = result["peakMemoryBytes"]["winnow"]
            judged.append(("bytes, 4 x 128 x 4", f"<= {MOST_MEMORY:.0f}", memory, memory <= MOST_MEMORY))
    return judged


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("winnow")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shape", default="1.1B", choices=workload.SHAPES, help="tiny is for a rehearsal")
    parser.add_argument("--work", action="append", help="batch x length [x accumulation]; may be repeated")
    parser.add_argument("--text", default=HERE.parent.parent / "docs" / "Architecture.md")
    parser.add_argument("--steps", type=int, default=5, help="in a turn")
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=[*PEERS, *OURS], help="one side; may be repeated")
    parser.add_argument("--json", type=Path, help="also write everything here, after each work")
    options = parser.parse_args()
    works = [Work(*map(int, text.split("x"))) for text in options.work] if options.work else [Work(4, 128, 4), Work(8, 2048)]

    # Once for all, on the processor; the same files for both sides.
    weights = workload.weights(options.shape, options.folder, options.winnow, "default")
    results = []
    for work in works:
        began = time.monotonic()
        result = {"name": work.name, **play(work, weights, options)}
        results.append({**result, "seconds": round(time.monotonic() - began, 1)})
        show(result)
        judged = judge(results, options.shape)
        if options.json:
            record = {"date": datetime.date.today().isoformat(), "shape": options.shape, "device": device_name(options.device)}
            options.json.write_text(json.dumps({**record, "results": results, "targets": judged}, indent=1) + "\n")
    for what, target, found, holds in judged:
        print(f"{'reached' if holds else 'MISSED':8} {what}: {found} ({target})")


def device_name(device):
    import torch

    return torch.cuda.get_device_name() if device.startswith("cuda") else turns.processor()


if __name__ == "__main__":
    main()
