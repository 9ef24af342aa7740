"""What a training step costs as the work grows: `growth.py WINNOW [MODEL]`, MODEL an HF folder or a GGUF file.

Three series, with one and with all threads: longer blocks in a step of as many tokens (what attention costs), more blocks of one length
(what larger products bring), and both for TinyLlama's 1.1B shape with random weights, at a few points. Each point is a process of its
own; its steps are those of compare.py (LoRA r 16, top-k 0.5 of the excess over the base, reference stored). A round in which other
processes took more than --disturbance of the processors is thrown away and done again.

Prints a table with the time of a step, its rate, the counted operations, their share of a 4096³ product's rate, and the most memory.
"""

import argparse
import datetime
import json
import os
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import sides
import turns
import workload

# Tokens a second of Winnow with all threads on the machine of docs/ExperimentLog.md: for the estimate alone.
RATES = {"135M": 550, "1.1B": 75, "tiny": 20000}


@dataclass(frozen=True)
class Point:
    series: str
    shape: str
    batch_size: int
    block_length: int
    threads: int

    @property
    def tokens(self):
        return self.batch_size * self.block_length


def points(options):
    """Each work once for each number of threads."""
    lengths = options.length
    for threads in sorted({1, options.threads}):
        for length in lengths:
            yield Point("block length", options.shape or "135M", max(1, max(lengths) // length), length, threads)
        for blocks in options.blocks:
            yield Point("blocks", options.shape or "135M", blocks, min(lengths), threads)
    for batch_size, length in [(1, 128), (4, 128), (1, 512), (1, 2048)]:
        yield Point("1.1B", options.shape or "1.1B", batch_size, length, options.threads)


def arguments():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("winnow", type=Path)
    parser.add_argument("model", nargs="?", default="default")
    parser.add_argument("--series", action="append", choices=["block length", "blocks", "1.1B"], help="repeatable; all by default")
    parser.add_argument("--length", type=int, nargs="+", default=[128, 256, 512, 1024, 2048, 4096])
    parser.add_argument("--blocks", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--shape", choices=workload.NAMES, help="instead of the series' own: `tiny` rehearses in a minute")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=2, help="in a round")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--disturbance", type=float, default=0.05, help="share of the processors that others may take")
    parser.add_argument("--text", type=Path, default=here.parent.parent / "docs" / "Architecture.md")
    parser.add_argument("--folder", type=Path, help="keeps models and texts here for the next time (1.1B: 4.5 GB)")
    parser.add_argument("--json", type=Path, help="also write everything here")
    options = parser.parse_args()
    options.winnow = options.winnow.resolve()
    return options


def measure(point, options, folder):
    weights = workload.weights(point.shape, folder, options.winnow, options.model)
    batch = workload.batch(weights, point.batch_size, point.block_length, options.winnow, options.text)
    worker = turns.Worker(f"{point.batch_size} x {point.block_length}", [
        options.winnow, "bench", *sides.recipe(point, weights, batch, point.threads), "--reference", "stored", "--steps", options.steps,
        "--warmup", options.warmup, "--rounds", 10000, "--paced"])
    try:
        worker.wait_until_ready()
        rounds = turns.Turns(options.rounds, options.disturbance)
        rounds.run([worker])
        worker.finish()
    finally:
        worker.stop()
    samples = [sample for answers in rounds.kept for sample in answers[worker.name]]
    seconds = statistics.median(sample["seconds"] for sample in samples)
    operations = worker.ready["operationsPerToken"]
    return {
        **asdict(point), "secondsPerStep": seconds, "tokensPerSecond": point.tokens / seconds,
        "peakMemoryBytes": worker.peak_memory, "pageFaultsPerStep": samples[-1]["pageFaults"],
        "operationsPerToken": operations, "operationsPerSecond": operations * point.tokens / seconds, **worker.last,
        "roundsThrownAway": len(rounds.disturbed_thrown)}


def report(results):
    print(f"{'series':14}{'shape':>6}{'threads':>8}{'step':>12}{'s':>9}{'tokens/s':>10}{'MFLOP/token':>13}{'GFLOP/s':>9}"
          f"{'of sgemm':>9}{'GiB':>7}{'faults':>8}")
    for r in results:
        print(f"{r['series']:14}{r['shape']:>6}{r['threads']:8d}{str(r['batch_size']) + ' x ' + str(r['block_length']):>12}"
              f"{r['secondsPerStep']:9.3f}{r['tokensPerSecond']:10.0f}{r['operationsPerToken'] / 1e6:13.0f}"
              f"{r['operationsPerSecond'] / 1e9:9.0f}{r['operationsPerSecond'] / r['productOperationsPerSecond']:9.0%}"
              f"{r['peakMemoryBytes'] / 2**30:7.2f}{r['pageFaultsPerStep']:8d}")


def main():
    options = arguments()
    chosen = [p for p in points(options) if not options.series or p.series in options.series]
    steps = options.warmup + options.steps * options.rounds
    # One thread is half as fast; a stored reference is scored once; starting takes some seconds.
    seconds = sum(6 + (steps + 0.4) * p.tokens / RATES[p.shape] * (2 if p.threads == 1 else 1) for p in chosen)
    print(f"{len(chosen)} points: about {seconds / 60:.0f} minutes, more where rounds are disturbed", file=sys.stderr)
    results, failed = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder.resolve() if options.folder else Path(temporary)
        for point in chosen:
            try:
                results.append(measure(point, options, folder))
            except (turns.WorkerFailed, TimeoutError) as failure:
                failed.append(f"{point}: {failure}")
                print(failed[-1], file=sys.stderr)
            else:
                print(f"{point.series}, {point.batch_size} x {point.block_length}, {point.threads} threads: "
                      f"{results[-1]['tokensPerSecond']:.0f} tokens/s", file=sys.stderr)
    report(results)
    if options.json:
        record = {
            "date": datetime.date.today().isoformat(), "processor": turns.processor(), "steps": options.steps * options.rounds,
            "points": results, "failed": failed}
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
