"""AUROC by scipy's Mann-Whitney U and by counting pairs, its block bootstrap, and precision at a ratio, in numpy."""

import json

import numpy as np
from scipy import stats

random = np.random.default_rng(23)


def area(scores, marked):
    return stats.mannwhitneyu(scores[marked], scores[~marked]).statistic / (marked.sum() * (~marked).sum())


cases = []
for size, levels, shift in ((50, 5, 0.5), (400, None, 1.0), (401, 3, 0.0), (3000, 40, -0.7)):
    blocks = np.sort(random.integers(0, max(4, size // 20), size))
    trouble = random.normal(0, 0.6, blocks.max() + 1)[blocks]
    marked = random.random(size) < 0.2
    marked[:2] = [True, False]
    scores = random.normal(0, 1, size) + trouble + shift * marked
    other = scores + random.normal(0, 1, size)
    if levels:
        scores = np.round(scores * levels / 4)
    scores, other = scores.astype(np.float32), other.astype(np.float32)
    pairs = scores[marked][:, None] - scores[~marked][None, :]
    assert abs(area(scores, marked) - ((pairs > 0) + 0.5 * (pairs == 0)).mean()) < 1e-12
    groups = [np.flatnonzero(blocks == b) for b in np.unique(blocks)]
    draws, differences = [], []
    for _ in range(1500):
        kept = np.concatenate([groups[g] for g in random.integers(0, len(groups), len(groups))])
        if 0 < marked[kept].sum() < len(kept):
            draws.append(area(scores[kept], marked[kept]))
            differences.append(draws[-1] - area(other[kept], marked[kept]))
    precision = []
    for ratio in (0.001, 0.1, 0.3, 0.5, 1.0):
        k = max(1, int(ratio * size))
        precision.append({"ratio": ratio, "selected": k, "precision": marked[np.argsort(-scores, kind="stable")[:k]].mean()})
    cases.append(
        {
            "scores": scores.tolist(),
            "other": other.tolist(),
            "marked": marked.tolist(),
            "blocks": blocks.tolist(),
            "area": area(scores, marked),
            "interval": np.percentile(draws, [2.5, 97.5]).tolist(),
            "difference": area(scores, marked) - area(other, marked),
            "differenceInterval": np.percentile(differences, [2.5, 97.5]).tolist(),
            "precision": precision,
            "baseRate": marked.mean(),
        }
    )
print(json.dumps(cases))
