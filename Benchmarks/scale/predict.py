"""Predicts a training step at sizes that nobody here has: `predict.py` prints the tables of docs/Scale.md.

`predict.py check MEASURED` predicts what ../parallel/scaling.py has measured, from the rates that stand in its file, and says how far
off that was. `predict.py count JSON` prints what a shape and a work count to, for a test to compare with Winnow's own counts.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import step

# Blocks of 2048 tokens, a thousand of them a step: one each for 1024 ranks.
TOKENS, LENGTH = 2 << 20, 2048
RANKS = [1, 8, 64, 256, 1024]


def tables():
    """One a machine and method."""
    for machine in step.MACHINES.values():
        for method in ["lora", "full"]:
            yield f"**{machine.name}, {'LoRA of rank 16' if method == 'lora' else 'all weights'}**"
            yield ""
            yield "| model | GPUs | how they share | GB a GPU | step, s | waiting | sent by a GPU, GB | tokens/s | step, live reference, s |"
            yield "|---|---:|---|---:|---:|---:|---:|---:|---:|"
            for shape in list(step.SHAPES.values())[1:]:
                for ranks in RANKS:
                    yield row(shape, step.Work(TOKENS, LENGTH, method), ranks, machine)
            yield ""


def row(shape, work, ranks, machine):
    found = step.simplest(shape, work, ranks, machine)
    if found is None:
        return f"| {shape.name} | {ranks} | doesn't fit | | | | | | |"
    _, plan, prediction = found
    live = step.simplest(shape, replace(work, reference="live"), ranks, machine)
    return (
        f"| {shape.name} | {ranks} | {ways(*found[:2])} | {prediction.memory / 1e9:.0f} | {prediction.seconds:.3g} | "
        f"{prediction.waiting / prediction.seconds:.1%} | {gigabytes(prediction.traffic)} | {work.tokens / prediction.seconds:,.0f} | "
        f"{f'{live[2].seconds:.3g}' if live else 'does not fit'} |")


def gigabytes(bytes_):
    return f"{bytes_ / 1e9:,.0f}" if bytes_ >= 100e9 else f"{bytes_ / 1e9:.3g}"


def ways(work, plan):
    """In words."""
    words = [plan.weights] if plan.groups > 1 else []
    words += [f"{plan.tensor} to a product"] if plan.tensor > 1 else []
    words += ["layers computed again"] if work.recomputes else []
    return ", ".join(words) or "alone"


def check(file):
    """Predictions beside measurements, a line each."""
    measured = json.loads(Path(file).read_text())
    rates, shape = measured["rates"], step.SHAPES[measured["shape"]]
    print("| run | predicted, s | measured, s | measured / predicted | predicted, GiB | measured, GiB |")
    print("|---|---:|---:|---:|---:|---:|")
    for run in measured["runs"]:
        prediction = step.predict(shape, work_of(measured), *plan_of(run, measured, rates))
        gib = 1 << 30
        found = ["", "", ""]
        if "seconds" in run:
            found = [f"{run['seconds']:.3f}", f"{run['seconds'] / prediction.seconds:.2f}", f"{run['memory'] / gib:.2f}"]
        print(f"| {run['name']} | {prediction.seconds:.3f} | {found[0]} | {found[1]} | {prediction.memory / gib:.2f} | {found[2]} |")


def work_of(measured):
    return step.Work(
        measured["blocks"] * measured["blockLength"], measured["blockLength"], measured["method"], reference=measured["reference"],
        ratio=measured["ratio"], value_bytes=4)


def plan_of(run, measured, rates):
    """Ranks that share a machine's memory bandwidth; a network that is limited is both ways the slowest."""
    ranks, threads = run["ranks"], run["threads"]
    network = run.get("network") or rates["loopback"]
    machine = step.Machine(
        "here", rates["product"][str(ranks * threads)] / ranks, rates["efficiency"], 0, rates["memoryBandwidth"] / ranks, ranks,
        network["bandwidth"], network["latency"], 1, 0, reserved=rates["reserved"])
    return step.Plan(ranks, blocks=measured["blocks"] // max(2, ranks), buckets=run.get("buckets", 8)), machine


def count(text):
    """Of {"shape": …, "work": …}, or of the names of a shape."""
    given = json.loads(text)
    shape = given["shape"]
    shape = step.SHAPES[shape] if isinstance(shape, str) else step.Shape(**shape)
    work = step.Work(**given["work"])
    print(json.dumps({
        "parameters": shape.parameters, "trained": work.trained(shape), "operations": sum(work.operations(shape))}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            print("\n".join(tables()).rstrip())
        case ["check", file]:
            check(file)
        case ["count", text]:
            count(text)
        case _:
            sys.exit(__doc__)
