"""A rank of a sum over Gloo, as torch.distributed makes it: `sums.py RANK SIZE ADDRESS PORT`. Rank 0 prints {"latency", "bandwidth"}.

The time of 2(n − 1) hops of a small sum, and the bytes a second that each rank sends of a large one.
"""

import datetime
import json
import os
import sys
import time

import torch
import torch.distributed as dist

rank, size, address, port = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
torch.set_num_threads(1)
dist.init_process_group(
    "gloo", init_method=f"tcp://{address}:{port}", rank=rank, world_size=size, timeout=datetime.timedelta(seconds=120))


def seconds(count, repetitions):
    """The least of some sums of so many numbers."""
    tensor = torch.ones(count)
    times = []
    for _ in range(repetitions):
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(tensor)
        times.append(time.perf_counter() - start)
        tensor.fill_(1)
    return min(times)


hops = 2 * (size - 1)
latency = seconds(16, 50) / hops
count = 5_000_000
bandwidth = hops / size * 4 * count / max(1e-9, seconds(count, 4) - hops * latency)
if rank == 0:
    print(json.dumps({"latency": latency, "bandwidth": bandwidth}), flush=True)
dist.barrier()
# Python's own way out, with a group's threads at work, has aborted on a loaded machine.
os._exit(0)
