"""What several ranks bring and what they cost: `scaling.py WINNOW [MODEL]`, MODEL an HF folder or a GGUF file.

The same steps, of --blocks blocks in two passes, by one process with one thread, by one with all, by two ranks that share the
threads, and by two ranks on two networks of limited rate (root and iproute2). Everything runs by itself, one after another, and a
step's time is the median of what metrics.jsonl says, the first two left out. A run in which other processes took more than
--disturbance of the processors is named.

With --rates also measures what ../scale/predict.py needs: a large product with one and with two threads and the share of it that a
step reaches (`winnow bench`), the memory's bandwidth, a sum's latency and bandwidth. That needs torch on PYTHONPATH, as in ../cpu.
--json FILE leaves all of it for `predict.py check FILE`; --from FILE takes the rates that an earlier one has.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from network import Network

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cpu"))
import turns  # noqa: E402

HERE = Path(__file__).resolve().parent
LENGTH = 128
# Runtime, logits that are kept, and the pages of the model's file: not measured, but reckoned before.
RESERVED = 0.42e9


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("winnow", type=Path)
    parser.add_argument("model", nargs="?", default="default")
    parser.add_argument("--shape", default="135M", help="what ../scale/step.py calls the model")
    parser.add_argument("--method", choices=["lora", "full"], default="lora")
    parser.add_argument("--blocks", type=int, default=8, help="of 128 tokens, in a step")
    parser.add_argument("--steps", type=int, default=6, help="of a run, the first two uncounted; 0 measures none, to predict first")
    parser.add_argument("--bits", type=float, nargs="*", default=[1e9, 2e8, 1e8], help="a second, of the networks")
    parser.add_argument("--only", nargs="*", help="runs whose names contain one of these")
    parser.add_argument("--rates", action="store_true")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="FILE")
    parser.add_argument("--disturbance", type=float, default=0.05)
    parser.add_argument("--text", type=Path, default=HERE.parent.parent / "docs" / "ExperimentLog.md")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.winnow = options.winnow.resolve()
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as folder:
        shards = Path(folder) / "shards"
        subprocess.run(
            [options.winnow, "prepare", options.text, "--model", options.model, "--validation-fraction", "0", "--output", shards],
            check=True, stdout=subprocess.DEVNULL)
        recipe = [
            f"model={options.model}", f"data.train={shards}", "data.validation={}", f"data.blockLength={LENGTH}",
            f"training.batchSize={options.blocks // 2}", "training.accumulation=2",
            f"training.tokens={max(1, options.steps) * options.blocks * LENGTH}", "training.checkpointEvery=0",
            "selection.policy=topK", "selection.score=loss", "selection.reference=none", "selection.ratio=0.5",
            *(["adapter=none"] if options.method == "full" else [])]
        result = {
            "shape": options.shape, "method": options.method, "blocks": options.blocks, "blockLength": LENGTH, "ratio": 0.5,
            "reference": "none", "processor": turns.processor(), "runs": []}
        if options.rates:
            result["rates"] = rates(options, recipe)
        elif options.earlier:
            result["rates"] = json.loads(options.earlier.read_text())["rates"]
        print("| run | step, s | tokens/s | GiB a process | others |\n|---|---:|---:|---:|---:|", flush=True)
        for run in runs(options):
            if not options.only or any(part in run["name"] for part in options.only):
                result["runs"].append(run | (measure(run, recipe, options) if options.steps else {}))
                if options.steps:
                    show(result["runs"][-1], options)
        if options.json:
            options.json.write_text(json.dumps(result, indent=1) + "\n")


def runs(options):
    cores = os.cpu_count()
    for threads in sorted({1, cores}):
        yield {"name": f"1 process, {threads} thread{'s' * (threads > 1)}", "ranks": 1, "threads": threads}
    yield {"name": "2 ranks, loopback", "ranks": 2, "threads": max(1, cores // 2)}
    for bits in options.bits:
        network = {"bandwidth": bits / 8, "latency": 1e-4}
        yield {"name": f"2 ranks, {bits / 1e6:g} Mbit/s", "ranks": 2, "threads": max(1, cores // 2), "bits": bits, "network": network}


def measure(run, recipe, options):
    """Lets the ranks of a run do their steps."""
    with contextlib.ExitStack() as stack:
        output = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run"
        network = stack.enter_context(Network(run["bits"])) if "bits" in run else None
        before, processes = turns._machine_ticks(), []
        for rank in range(run["ranks"]):
            environment = dict(os.environ)
            if run["ranks"] > 1:
                environment |= {
                    "RANK": str(rank), "WORLD_SIZE": "2", "MASTER_PORT": "29531",
                    "MASTER_ADDR": network.address if network else "127.0.0.1"}
            if network:
                environment |= network.environment(rank)
            command = [options.winnow, "train", "adapt", *recipe, f"compute.threads={run['threads']}", "--output", output]
            processes.append(subprocess.Popen(
                [*(network.prefix(rank) if network else []), *map(str, command)], env=environment, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE))
            # Whatever happens to this script, nothing of it stays behind.
            stack.callback(processes[-1].kill)
        own, memory = 0, 0
        for process in processes:
            errors = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{run['name']}: {errors.decode()}")
            own += usage.ru_utime + usage.ru_stime
            memory = max(memory, usage.ru_maxrss * 1024)
        everything, idle = (after - earlier for after, earlier in zip(turns._machine_ticks(), before))
        others = max(0, everything - idle - own * os.sysconf("SC_CLK_TCK")) / max(1, everything)
        lines = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "gradientNorm" in line][2:]
    return {
        "seconds": statistics.median(step["seconds"] for step in steps), "memory": memory, "others": others,
        "loss": steps[-1]["loss"]}


def show(run, options):
    note = " (disturbed)" if run["others"] > options.disturbance else ""
    print(
        f"| {run['name']} | {run['seconds']:.3f} | {options.blocks * LENGTH / run['seconds']:.0f} | {run['memory'] / (1 << 30):.2f} | "
        f"{run['others']:.0%}{note} |", flush=True)


def rates(options, recipe):
    """What predictions start from. A step's share of the product is taken on all threads, of a step of one pass."""
    product, efficiency = {}, None
    one_pass = [part for part in recipe if not part.startswith("training.accumulation")]
    for threads in sorted({1, os.cpu_count()}):
        found = json.loads(subprocess.run(
            [options.winnow, "bench", *one_pass, f"compute.threads={threads}", "--steps", "2", "--rounds", "1", "--warmup", "1", "--json"],
            check=True, capture_output=True, text=True).stdout)
        product[str(threads)] = found["productOperationsPerSecond"]
        efficiency = found["operationsPerSecond"] / found["productOperationsPerSecond"]
    ranks = [
        subprocess.Popen([sys.executable, HERE / "sums.py", str(rank), "2", "127.0.0.1", "29532"], stdout=subprocess.PIPE, text=True)
        for rank in range(2)]
    loopback = json.loads(ranks[0].communicate()[0])
    ranks[1].wait()
    return {
        "product": product, "efficiency": efficiency, "memoryBandwidth": memory_bandwidth(), "loopback": loopback,
        "reserved": RESERVED}


def memory_bandwidth():
    """Bytes a second of a sum of two large arrays into a third."""
    import torch

    arrays = [torch.ones(1 << 26) for _ in range(3)]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        torch.add(arrays[0], arrays[1], out=arrays[2])
        times.append(time.perf_counter() - start)
    return 3 * arrays[0].nbytes / min(times)


if __name__ == "__main__":
    main()
