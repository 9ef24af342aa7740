"""Lines through losses by scipy, and the paper's four categories by numpy.polyfit, token by token."""

import json

import numpy as np
from scipy import stats

random = np.random.default_rng(17)

lines = []
for size in (2, 3, 10, 200):
    x = np.sort(random.normal(100, 30, size))
    y = 2 - 0.03 * x + random.normal(0, 0.5, size)
    fit = stats.linregress(x, y)
    lines.append({"x": x.tolist(), "y": y.tolist(), "slope": fit.slope, "intercept": fit.intercept})

rows, positions = 40, 16
mask = random.random((rows, positions)) < 0.9
mask[:, 0] = False
places = [0.0, 1000.0, 2500.0, 5000.0, 9000.0]
drift = random.normal(-0.1, 0.35, mask.shape)
start = random.gamma(1.5, 1.6, mask.shape)
losses = [
    np.maximum(0, start + drift * place / places[-1] + random.normal(0, 0.1, mask.shape)).astype(np.float32)
    for place in places
]
stack = np.stack(losses).astype(np.float64)
mean = stack[-1][mask].mean()
names = []
for row in range(rows):
    for position in range(positions):
        if not mask[row, position]:
            names.append(None)
            continue
        change = np.polyfit(places, stack[:, row, position], 1)[0] * places[-1]
        if change < -0.2:
            names.append("H→L")
        elif change > 0.2:
            names.append("L→H")
        else:
            names.append("L→L" if stack[-1, row, position] <= mean else "H→H")
print(
    json.dumps(
        {
            "lines": lines,
            "rows": rows,
            "mask": mask.ravel().tolist(),
            "places": places,
            "losses": [x.ravel().tolist() for x in losses],
            "categories": names,
        }
    )
)
