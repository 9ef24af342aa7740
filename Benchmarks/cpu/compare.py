"""Winnow's training step against transformers and PEFT: `compare.py WINNOW [MODEL]`, MODEL an HF folder or a GGUF file.

Every side does the same step: the same weights, a LoRA adapter of rank 16 on all linear layers that has been moved off its start, the
same blocks, top-k 0.5 of the excess over the base ranked in the micro-batch, AdamW. Before anything is timed, the losses and
the gradient norms of the first step are compared, and a peer that is to be compiled must have compiled every layer.

A match (`--match`; sides.py lists them) is a set of programs that are made ready first and then take turns, a few steps each, so that
all meet the same machine; where two don't fit into memory they run one after the other. A round in which other processes took more
than --disturbance of the processors is thrown away and done again. The first step of a turn isn't counted: it meets caches that the others
have filled, as no step of a training does. A figure is the median over the rounds of a program's median step; a ratio is the median
over rounds of the ratio within the round, with the range of its middle half.

Ends with what was promised: target, measured, pass or fail. --check compares the ratios with those of thresholds.json and fails where one
is more than 10 % less; --accept writes them there.

Needs torch, transformers and peft on PYTHONPATH: `eval "$(scripts/environment.sh)"; PYTHONPATH=$WINNOW_PEERS python3 …`.
"""

import argparse
import contextlib
import dataclasses
import datetime
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import sides
import turns
import workload

HERE = Path(__file__).resolve().parent
THRESHOLDS = HERE / "thresholds.json"
USAGE_ERROR = 64


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("winnow", type=Path)
    parser.add_argument("model", nargs="?", default="default", help="of the 135M matches")
    parser.add_argument("--match", action="append", choices=[m.name for m in sides.MATCHES], help="repeatable; all by default")
    parser.add_argument("--only", action="append", choices=sides.NAMES, metavar="SIDE", help=f"repeatable: {'; '.join(sides.NAMES)}")
    parser.add_argument("--shape", choices=workload.NAMES, help="instead of each match's own: `tiny` rehearses in a minute")
    parser.add_argument("--rounds", type=int, help="instead of each match's own")
    parser.add_argument("--steps", type=int, default=3, help="in a turn, the uncounted first one among them")
    parser.add_argument("--warmup", type=int, default=3, help="steps before the first turn")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--disturbance", type=float, default=0.05, help="share of the processors that others may take")
    parser.add_argument("--text", type=Path, default=HERE.parent.parent / "docs" / "Architecture.md")
    parser.add_argument("--folder", type=Path, help="keeps models and texts here for the next time (1.1B: 4.5 GB)")
    parser.add_argument("--json", type=Path, help="also write everything here")
    parser.add_argument("--check", action="store_true", help=f"against {THRESHOLDS.name}")
    parser.add_argument("--accept", action="store_true", help=f"write the ratios into {THRESHOLDS.name}")
    options = parser.parse_args()
    options.winnow = options.winnow.resolve()
    if min(options.steps - 1, options.warmup, options.threads, options.rounds or 1) < 1:
        parser.error("--warmup, --threads and --rounds are 1 or more, --steps 2 or more")
    if options.accept and options.shape:
        parser.error("--accept is for the matches' own shapes")
    return options


def chosen(options):
    """The matches asked for, with the sides and sizes asked for."""
    for match in sides.MATCHES:
        if options.match and match.name not in options.match:
            continue
        kept = tuple(side for side in match.sides if not options.only or side in options.only)
        if kept:
            yield dataclasses.replace(
                match, sides=kept, shape=options.shape or match.shape, rounds=options.rounds or match.rounds)


def play(match, options, folder):
    """Runs a match; everything that was measured."""
    weights = workload.weights(match.shape, folder, options.winnow, options.model)
    batch = workload.batch(weights, match.batch_size, match.block_length, options.winnow, options.text)
    with contextlib.ExitStack() as stack:
        workers, missing = [], {}

        def start(names):
            started = []
            for name in names:
                worker = sides.worker(name, match, weights, batch, options)
                stack.callback(worker.stop)
                try:
                    worker.wait_until_ready()
                except turns.WorkerFailed as failure:
                    if failure.code != USAGE_ERROR:
                        raise
                    missing[name] = str(failure)
                    print(f"left out, since this winnow refuses it: {failure}", file=sys.stderr)
                    continue
                started.append(worker)
                workers.append(worker)
            return started

        groups, all_rounds = [[name] for name in match.sides] if match.apart else [match.sides], []
        for names in groups:
            started = start(names)
            agree(match, {worker.name: worker.ready for worker in workers})
            rounds = turns.Turns(match.rounds, options.disturbance)
            rounds.run(started)
            for worker in started:
                worker.finish()
            all_rounds.append(rounds)

    # Sides that ran apart: their n-th rounds stand together.
    kept = [
        {name: answer for rounds in together for name, answer in rounds.items()} for together in zip(*(r.kept for r in all_rounds))]
    seconds = [{name: statistics.median(s["seconds"] for s in samples[1:]) for name, samples in answers.items()} for answers in kept]
    return {
        "shape": match.shape, "batchSize": match.batch_size, "blockLength": match.block_length, "apart": match.apart,
        "rounds": seconds, "missing": missing,
        "samples": [{name: [s["seconds"] for s in samples] for name, samples in answers.items()} for answers in kept],
        "othersInKeptRounds": [x for r in all_rounds for x in r.disturbed_kept],
        "othersInThrownRounds": [x for r in all_rounds for x in r.disturbed_thrown],
        "sides": {
            worker.name: {
                "secondsPerStep": statistics.median(r[worker.name] for r in seconds),
                "peakMemoryBytes": worker.peak_memory, "pageFaultsPerStep": kept[-1][worker.name][-1]["pageFaults"],
                **worker.ready, **worker.last}
            for worker in workers}}


class Disagreement(Exception):
    """The sides don't do the same work, so a speed would mean nothing."""


def agree(match, ready):
    """Refuses sides that don't do the same step: their losses and gradient norms, and whether compiled ones are compiled.

    Dropout and int8 move a loss a little. Which tokens they select is another matter where an adapter has hardly left its base, whose
    excess is then as small as their rounding: so the loss of the selected is compared of the others alone.
    """
    exact, loose = {}, {}
    for name, said in ready.items():
        (exact if sides.is_exact(name) else loose)[name] = said["first"]
        if "compiled" in said and (said["compiled"]["graphs"] == 0 or said["compiled"]["layers"] == 0):
            raise Disagreement(f"{name} says compiled, but nothing was: {said['compiled']}")
    for key, near, nearly in [("loss", 1e-4, 2e-2), ("selectedLoss", 1e-3, None), ("gradientNorm", 1e-2, 0.5)]:
        values = {name: first[key] for name, first in {**exact, **(loose if nearly else {})}.items()}
        middle = statistics.median([values[name] for name in exact] or values.values())
        far = {n: v for n, v in values.items() if not (v > 0 and abs(v - middle) <= (near if n in exact else nearly) * middle)}
        if far:
            raise Disagreement(f"{key} differs, so a speed would mean nothing: {far} against {middle}")


def ratios(result, ours, theirs):
    """Median, lower and upper quarter of how many times as fast, over the rounds."""
    values = sorted(r[theirs] / r[ours] for r in result["rounds"])
    quarter = len(values) // 4
    return [statistics.median(values), values[quarter], values[-1 - quarter]]


def settings(result, name):
    """A peer in the settings of its allocator that ran."""
    return [side for side in (name, name + sides.KEEPING) if side in result["sides"]]


def judge(results):
    """Each target that could be measured here, and what came out."""
    for target in sides.TARGETS:
        result = results.get(target.match)
        if not result or target.ours not in result["sides"]:
            continue
        ours, theirs = result["sides"][target.ours], settings(result, target.theirs) if target.theirs else []
        if target.measure == "sgemm":
            if "productOperationsPerSecond" not in ours or "operationsPerToken" not in ours:
                continue
            done = ours["operationsPerToken"] * result["batchSize"] * result["blockLength"] / ours["secondsPerStep"]
            value = done / ours["productOperationsPerSecond"]
        elif not theirs:
            continue
        elif target.measure == "speed":
            value = min(ratios(result, target.ours, side)[0] for side in theirs)
        elif target.measure == "memory":
            value = ours["peakMemoryBytes"] / min(result["sides"][side]["peakMemoryBytes"] for side in theirs)
        else:
            value = abs(ours["first"]["loss"] / result["sides"][target.theirs]["first"]["loss"] - 1)
        yield target, value


def report(results, judged):
    for name, result in results.items():
        tokens = result["batchSize"] * result["blockLength"]
        print(f"\n{name}: {result['shape']} shape, {result['batchSize']} x {result['blockLength']} tokens, "
              f"{len(result['rounds'])} rounds kept, {len(result['othersInThrownRounds'])} thrown away"
              f"{', one side after the other' if result['apart'] else ''}")
        print(f"{'':34}{'s a step':>10}{'tokens/s':>10}{'GiB':>7}{'faults':>9}{'loss':>10}{'norm':>9}{'sgemm GFLOP/s':>15}")
        for side, said in result["sides"].items():
            first, product = said["first"], said.get("productOperationsPerSecond", 0) / 1e9
            print(f"{side:34}{said['secondsPerStep']:10.3f}{tokens / said['secondsPerStep']:10.0f}"
                  f"{said['peakMemoryBytes'] / 2**30:7.2f}{said['pageFaultsPerStep']:9d}{first['loss']:10.5f}"
                  f"{first['gradientNorm']:9.4f}{product:15.0f}")
        for ours in [side for side in result["sides"] if side in sides.OURS]:
            for theirs in [side for side in result["sides"] if sides.are_comparable(ours, side)]:
                middle, low, high = ratios(result, ours, theirs)
                print(f"  {ours + ' against ' + theirs:58}{middle:6.2f} times as fast ({low:.2f} ... {high:.2f})")
    print(f"\n{'what it must reach':62}{'target':>9}{'measured':>10}")
    for target, value in judged:
        sign = ">=" if target.measure in ("speed", "sgemm") else "<="
        print(f"{target.what:62}{sign + format(target.bound, 'g'):>9}{value:10.3f}  {'pass' if target.holds(value) else 'FAIL'}")


def all_ratios(results):
    return {
        f"{name}: {ours} / {theirs}": ratios(result, ours, theirs)
        for name, result in results.items() for ours in result["sides"] for theirs in result["sides"]
        if sides.are_comparable(ours, theirs)}


def check(measured):
    """Exits with 1 where Winnow has become more than 10 % slower beside a peer."""
    thresholds = json.loads(THRESHOLDS.read_text())
    committed = thresholds["ratios"]
    if thresholds["processor"] != turns.processor():
        # A peer's products may be slow on one and fast on the other.
        sys.exit(f"{THRESHOLDS.name} is of {thresholds['processor']}, and this is {turns.processor()}: --accept its ratios first")
    common = {name: (values[0], committed[name]) for name, values in measured.items() if name in committed}
    if not common:
        sys.exit(f"{THRESHOLDS.name} has none of the ratios measured: {', '.join(measured)}")
    slower = {name: pair for name, pair in common.items() if pair[0] < 0.9 * pair[1]}
    for name, (now, then) in common.items():
        print(f"{name:62}{then:7.2f} then{now:7.2f} now  {'SLOWER' if name in slower else 'ok'}")
    if slower:
        sys.exit(f"{len(slower)} of {len(common)} ratios are more than 10 % less than committed")


def accept(measured, today):
    known = json.loads(THRESHOLDS.read_text()) if THRESHOLDS.exists() else {"ratios": {}}
    if known.get("processor") != turns.processor():
        known["ratios"] = {}
    known["ratios"] |= {name: round(values[0], 3) for name, values in measured.items()}
    known |= {"date": today, "processor": turns.processor()}
    THRESHOLDS.write_text(json.dumps(known, indent=1) + "\n")


def main():
    options = arguments()
    matches = list(chosen(options))
    if not matches:
        sys.exit("no match has the sides asked for")
    estimate = sum(m.estimate(m.rounds, options.steps, options.warmup) for m in matches)
    print(f"{', '.join(m.name for m in matches)}: about {estimate / 60:.0f} minutes, more where rounds are disturbed", file=sys.stderr)

    start, results = time.monotonic(), {}
    record = {
        "date": datetime.date.today().isoformat(), "processor": turns.processor(), "threads": options.threads,
        "stepsInATurn": options.steps, "disturbance": options.disturbance, "matches": results}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder.resolve() if options.folder else Path(temporary)
        for match in matches:
            try:
                results[match.name] = play(match, options, folder)
            except (turns.WorkerFailed, TimeoutError, Disagreement) as failure:
                # The other matches stand for themselves.
                print(f"{match.name}: {failure}", file=sys.stderr)
                record.setdefault("failed", {})[match.name] = str(failure)
    judged = list(judge(results))
    report(results, judged)
    record |= {
        "minutes": round((time.monotonic() - start) / 60, 1), "ratios": all_ratios(results),
        "targets": [
            {**dataclasses.asdict(target), "measured": value, "holds": target.holds(value)} for target, value in judged]}
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    if options.accept:
        accept(record["ratios"], record["date"])
    if options.check:
        check(record["ratios"])
    if "failed" in record:
        sys.exit(1)


if __name__ == "__main__":
    main()
