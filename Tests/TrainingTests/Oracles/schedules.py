"""Learning rates of torch's own schedulers, step by step, as factors of the peak: a JSON list."""

import json
import warnings

import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LinearLR, SequentialLR

warnings.filterwarnings("ignore")


def factors(warmup, total, after):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = after(optimizer)
    if warmup:
        linear = LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
        scheduler = SequentialLR(optimizer, [linear, scheduler], milestones=[warmup])
    result = []
    for _ in range(total):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return result


cases = []
for warmup, total, final in [(0, 1, 0.0), (0, 2, 0.0), (0, 10, 0.0), (0, 10, 0.1), (3, 10, 0.0), (5, 40, 0.2), (1, 100, 0.05)]:
    cases.append({
        "warmup": warmup, "total": total, "finalFraction": final,
        "constant": factors(warmup, total, lambda optimizer: ConstantLR(optimizer, factor=1.0)),
        # A run of one step after the warm-up takes its last rate, the final one.
        "cosine": [final] if total == warmup + 1 else factors(
            warmup, total, lambda optimizer: CosineAnnealingLR(optimizer, T_max=total - warmup - 1, eta_min=final)),
    })
print(json.dumps(cases))
