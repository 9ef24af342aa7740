"""Who is compared with whom, on which work, and what is promised of it."""

import sys
from dataclasses import dataclass
from pathlib import Path

import turns

HERE = Path(__file__).resolve().parent

DROPOUT = ["adapter.dropout=0.05", "selection.scoreWithDropout=true"]
INT8 = ["compute.frozen=int8"]

# The public replication's loop, and what its user might do next. `tuned` does all of it.
PEERS = {
    "naive": ["--dropout", "0.05"],
    "naive, no dropout": [],
    "live, compiled": ["--compiled"],
    "tuned": ["--compiled", "--cached"],
}
# Every peer may also keep its freed memory, as Winnow does by itself.
KEEPING = ", keeping memory"
OURS = {
    "winnow": ["--reference", "stored"],
    "winnow, live": ["--reference", "live"],
    "winnow, dropout": ["--reference", "stored", *DROPOUT],
    "winnow, live, dropout": ["--reference", "live", *DROPOUT],
    "winnow, int8": ["--reference", "live", *INT8],
    # Exact where the model's file is in bfloat16, as those with random weights are.
    "winnow, held in bfloat16": ["--reference", "stored", "compute.frozen=bfloat16"],
}
NAMES = [*PEERS, *(peer + KEEPING for peer in PEERS), *OURS]


def is_exact(side):
    """Whether its first step is everyone's to rounding: no dropout, no int8."""
    if side in OURS:
        return not set(OURS[side]) & {*DROPOUT, *INT8}
    return "--dropout" not in PEERS[side.removesuffix(KEEPING)]


# Steps of 512 tokens of the 135M shape took about so many seconds on the machine of docs/ExperimentLog.md: for the estimate alone.
SECONDS = {
    "naive": 3.8, "naive, no dropout": 3.2, "live, compiled": 3.0, "tuned": 2.2, "winnow": 0.9, "winnow, live": 1.2,
    "winnow, dropout": 0.9, "winnow, live, dropout": 1.2, "winnow, int8": 0.8, "winnow, held in bfloat16": 1.0}


@dataclass(frozen=True)
class Match:
    """Sides that take turns on the same work."""

    name: str
    shape: str
    batch_size: int
    block_length: int
    sides: tuple
    # Each has the machine, and its memory, to itself; the others wait to be started.
    apart: bool = False
    rounds: int = 3

    @property
    def tokens(self):
        return self.batch_size * self.block_length

    def estimate(self, rounds, steps, warmup):
        """Seconds that it takes, on the machine of the log."""
        scale = self.tokens / 512 * {"1.1B": 8, "tiny": 0.02}.get(self.shape, 1)
        total = 40 if self.shape == "1.1B" else 15
        for side in self.sides:
            plain = side.removesuffix(KEEPING)
            total += (rounds * steps + warmup) * SECONDS[plain] * scale
            total += 5 if side in OURS else 50 if "--compiled" in PEERS[plain] else 12
        return total


MATCHES = [
    Match("naive", "135M", 4, 128, (
        "naive", "naive, no dropout", "naive" + KEEPING, "winnow", "winnow, live", "winnow, dropout", "winnow, live, dropout",
        "winnow, int8")),
    Match(
        "tuned", "135M", 4, 128,
        ("live, compiled", "live, compiled" + KEEPING, "tuned", "tuned" + KEEPING, "winnow", "winnow, live")),
    Match("long", "135M", 4, 512, ("tuned", "tuned" + KEEPING, "winnow")),
    Match("large", "1.1B", 4, 128, ("tuned", "winnow", "winnow, held in bfloat16"), apart=True, rounds=1),
]


@dataclass(frozen=True)
class Target:
    """A promise: `ours` against `theirs`, in one match.

    `measure` is `speed` (their seconds over ours, at least `bound`), `memory` (our peak over theirs, at most), `sgemm` (share of the
    rate of a 4096³ product, at least) or `loss` (relative distance of the first step's loss, at most).
    Where a peer ran in both settings of the allocator, the faster one is the one to beat, and the smaller one.
    """

    what: str
    match: str
    measure: str
    ours: str
    theirs: str | None
    bound: float

    def holds(self, value):
        return value >= self.bound if self.measure in ("speed", "sgemm") else value <= self.bound


TARGETS = [
    Target("float32, stored reference, against naive", "naive", "speed", "winnow", "naive", 2.7),
    Target("the same, dropout 0.05 on both sides", "naive", "speed", "winnow, dropout", "naive", 2.7),
    Target("the same, no dropout on either side", "naive", "speed", "winnow", "naive, no dropout", 2.7),
    Target("float32, stored reference, against the tuned peer", "tuned", "speed", "winnow", "tuned", 1.35),
    Target("float32, live reference, against live compiled", "tuned", "speed", "winnow, live", "live, compiled", 1.25),
    Target("share of the sgemm rate, float32", "tuned", "sgemm", "winnow", None, 0.80),
    Target("int8 forward and live reference, against naive", "naive", "speed", "winnow, int8", "naive", 3.5),
    Target("int8: distance of the first step's loss from float32's", "naive", "loss", "winnow, int8", "winnow", 0.005),
    Target("4 x 512, stored reference, against the tuned peer", "long", "speed", "winnow", "tuned", 1.35),
    Target("1.1B shape, stored reference, against the tuned peer", "large", "speed", "winnow", "tuned", 1.2),
    Target("the same, layers held in bfloat16", "large", "speed", "winnow, held in bfloat16", "tuned", 1.2),
    Target("1.1B shape, layers held in bfloat16, peak memory", "large", "memory", "winnow, held in bfloat16", "tuned", 0.60),
    Target("135M shape, peak memory, of naive's", "naive", "memory", "winnow", "naive", 0.50),
]


def are_comparable(ours, theirs):
    """A side of Winnow and a peer: with dropout on both or on neither, or named so by a target."""
    if ours not in OURS or theirs in OURS:
        return False
    plain = theirs.removesuffix(KEEPING)
    drop_out = (DROPOUT[0] in OURS[ours], "--dropout" in PEERS[plain])
    return drop_out[0] == drop_out[1] or any((target.ours, target.theirs) == (ours, plain) for target in TARGETS)


def worker(side, match, weights, batch, options):
    """The program that does `side`'s steps."""
    steps = ["--steps", options.steps, "--warmup", options.warmup]
    if side in OURS:
        flags = [x for x in OURS[side] if "=" not in x]
        keys = [x for x in OURS[side] if "=" in x]
        return turns.Worker(side, [
            options.winnow, "bench", *recipe(match, weights, batch, options.threads), *keys, *flags, *steps, "--paced", "--rounds",
            10000])
    plain = side.removesuffix(KEEPING)
    command = [
        sys.executable, HERE / "peer.py", weights.model, weights.adapter, batch.ids, *PEERS[plain], "--batch-size", match.batch_size,
        "--block-length", match.block_length, "--threads", options.threads, *steps]
    return turns.Worker(side, command, turns.KEEPS_MEMORY if side.endswith(KEEPING) else None)


def recipe(work, weights, batch, threads):
    """The step of all sides, in a recipe's keys."""
    return [
        f"model={weights.model}", f"data.train={batch.shards}", f"data.blockLength={work.block_length}",
        f"adapter.start={weights.adapter}", f"training.batchSize={work.batch_size}", "training.optimizer.learningRate=1e-4",
        "selection.policy=topK", "selection.score=excessLoss", "selection.ratio=0.5", "selection.pool=microBatch",
        "selection.reference=base", f"compute.threads={threads}"]
