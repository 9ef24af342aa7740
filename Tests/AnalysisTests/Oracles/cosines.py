"""Random LoRA adapters and the two cosines between them, from the dense ΔW in float64."""

import json

import numpy as np

random = np.random.default_rng(11)
SHAPES = {"layers.0.q": (12, 20), "layers.0.down": (20, 9), "layers.1.q": (12, 20)}


def adapter(rank=4, scale=2.0, near=None, step=1.0):
    modules = {}
    for name, (outputs, inputs) in SHAPES.items():
        a = random.normal(size=(rank, inputs))
        b = random.normal(size=(outputs, rank))
        if near is not None:
            a, b = near[name]["A"] + step * a, near[name]["B"] + step * b
        modules[name] = {"A": a.astype(np.float32), "B": b.astype(np.float32), "scale": scale}
    return modules


def dense(modules, start=None):
    parts = []
    for name in sorted(modules):
        m = modules[name]
        delta = m["scale"] * m["B"].astype(np.float64) @ m["A"].astype(np.float64)
        if start is not None:
            s = start[name]
            delta = delta - s["scale"] * s["B"].astype(np.float64) @ s["A"].astype(np.float64)
        parts.append(delta.ravel())
    return np.concatenate(parts)


def flat(modules):
    return np.concatenate([modules[n][k].astype(np.float64).ravel() for n in sorted(modules) for k in "AB"])


def cosine(x, y):
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))


def plain(modules):
    return modules and {
        "scale": next(iter(modules.values()))["scale"],
        "modules": {
            name: {"a": m["A"].ravel().tolist(), "b": m["B"].ravel().tolist(), "rank": m["A"].shape[0]}
            for name, m in modules.items()
        },
    }


start, other = adapter(), adapter(scale=0.5)
cases = {
    "no start": (adapter(), adapter(), None, None),
    "other ranks and scales": (adapter(rank=3), adapter(rank=7, scale=0.25), None, None),
    "shared start": (adapter(near=start), adapter(near=start), start, start),
    "start much larger than the step": (adapter(near=start, step=1e-3), adapter(near=start, step=1e-3), start, start),
    "separate starts, one of another rank": (adapter(near=other, scale=0.5), adapter(), other, adapter(rank=2)),
    "one start only": (adapter(near=start), adapter(), start, None),
}
result = []
for name, (first, second, first_start, second_start) in cases.items():
    same_rank = all(first[n]["A"].shape == second[n]["A"].shape for n in SHAPES)
    result.append(
        {
            "name": name,
            "first": plain(first),
            "second": plain(second),
            "firstStart": plain(first_start),
            "secondStart": plain(second_start),
            "adapter": cosine(flat(first), flat(second)) if same_rank else None,
            "effective": cosine(dense(first, first_start), dense(second, second_start)),
        }
    )
print(json.dumps(result))
