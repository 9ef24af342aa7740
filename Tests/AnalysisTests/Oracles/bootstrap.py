"""A paired block bootstrap of a token-weighted mean difference, in numpy."""

import json

import numpy as np

random = np.random.default_rng(5)
blocks, positions = 300, 32
counts = random.integers(0, positions, blocks)
losses = random.gamma(1.5, 1.6, (blocks, positions)).astype(np.float32)
changed = (losses + random.normal(0.02, 0.4, (blocks, positions)) + random.normal(0, 0.1, (blocks, 1))).astype(np.float32)

position = np.arange(positions)
mask = (position > 0) & (position <= counts[:, None])
sums = np.where(mask, changed.astype(np.float64) - losses.astype(np.float64), 0).sum(1)
sums, weights = sums[counts > 0], counts[counts > 0]
draws = random.integers(0, len(sums), (20_000, len(sums)))
means = sums[draws].sum(1) / weights[draws].sum(1)
lower, upper = np.percentile(means, [2.5, 97.5])
print(
    json.dumps(
        {
            "losses": losses.tolist(),
            "changed": changed.tolist(),
            "counts": counts.tolist(),
            "difference": sums.sum() / weights.sum(),
            "lower": lower,
            "upper": upper,
        }
    )
)
