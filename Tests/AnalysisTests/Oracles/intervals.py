"""Student's t, intervals over seeds, and the two-way variance components of a paired difference, by scipy and numpy."""

import json

import numpy as np
from scipy import stats

random = np.random.default_rng(31)

quantiles = [
    {"probability": p, "degreesOfFreedom": n, "t": stats.t.ppf(p, n)}
    for p in (0.5, 0.6, 0.9, 0.95, 0.975, 0.995, 0.9999, 0.2, 0.025)
    for n in (1, 2, 3, 4, 5, 9, 30, 100, 349, 10_000)
]

summaries = []
for size in (2, 3, 5, 12):
    values = random.normal(3, 0.5, size)
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    summaries.append(
        {
            "values": values.tolist(),
            "mean": values.mean(),
            "standardDeviation": values.std(ddof=1),
            "lower": interval.low,
            "upper": interval.high,
        }
    )

# Blocks of unequal length, a few of them empty; rows of one document count as one.
seeds, blocks, positions = 4, 30, 12
counts = random.integers(0, positions, blocks)
mask = (np.arange(positions) > 0) & (np.arange(positions) <= counts[:, None])
baseline = random.gamma(1.5, 1.6, (seeds, blocks, positions)).astype(np.float32)
shift = 0.05 + random.normal(0, 0.03, (seeds, 1, 1)) + random.normal(0, 0.1, (1, blocks, 1))
variant = (baseline + shift + random.normal(0, 0.3, baseline.shape)).astype(np.float32)
subset = random.random((blocks, positions)) < 0.6
documents = np.sort(random.integers(0, 11, blocks))


def components(runs, weights):
    """Means over seeds and the half width; `runs` is [seeds, groups] of sums, `weights` the groups' token counts."""
    s, b = runs.shape
    per_seed = runs.sum(1) / weights.sum()
    scaled = (runs - per_seed[:, None] * weights) * b / weights.sum()
    shared = scaled.mean(0)
    residual = ((scaled - shared) ** 2).sum() / ((s - 1) * (b - 1))
    return per_seed, per_seed.var(ddof=1), max(0, shared.var(ddof=1) - residual / s), residual, shared.var(ddof=1)


def case(kept, groups, paired):
    kept = kept & mask
    labels = [g for g in dict.fromkeys(groups.tolist()) if kept[groups == g].any()]
    weights = np.array([kept[groups == g].sum() for g in labels], float)

    def sums(values):
        values = np.where(kept, values.astype(np.float64), 0)
        return np.stack([values[:, groups == g].sum((1, 2)) for g in labels], 1)

    b, s = len(labels), seeds
    if paired:
        per_seed, seed_variance, block_variance, _, _ = components(sums(variant) - sums(baseline), weights)
        difference = per_seed.mean()
    else:
        first, second = sums(variant), -sums(baseline)
        parts = [components(x, weights) for x in (first, second)]
        difference = sum(p[0].mean() for p in parts)
        seed_variance = sum(p[1] for p in parts)
        total = first.mean(0) + second.mean(0)
        total = (total - difference * weights) * b / weights.sum()
        block_variance = max(0, total.var(ddof=1) - sum(p[3] for p in parts) / s)
    half = np.sqrt(
        stats.t.ppf(0.975, s - 1) ** 2 * seed_variance / s + stats.t.ppf(0.975, b - 1) ** 2 * block_variance / b
    )
    return {
        "difference": difference,
        "lower": difference - half,
        "upper": difference + half,
        "seedVariance": seed_variance,
        "blockVariance": block_variance,
        "blocks": b,
        "tokens": int(weights.sum()),
    }


rows = np.arange(blocks)
everything = np.ones_like(mask)
print(
    json.dumps(
        {
            "quantiles": quantiles,
            "summaries": summaries,
            "mask": mask.ravel().tolist(),
            "baseline": baseline.reshape(seeds, -1).tolist(),
            "variant": variant.reshape(seeds, -1).tolist(),
            "subset": subset.ravel().tolist(),
            "documents": documents.tolist(),
            "positions": positions,
            "whole": case(everything, rows, True),
            "part": case(subset, rows, True),
            "byDocument": case(everything, documents, True),
            "unpaired": case(everything, rows, False),
        }
    )
)
