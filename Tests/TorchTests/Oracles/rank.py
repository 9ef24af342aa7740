"""A rank that is not Winnow's: torch.distributed's own TCPStore and ProcessGroupGloo.

rank.py PORT RANK SIZE [kill]   does what ProcessGroupTests does on rank 0, and prints what it got; `kill`: dies half-way.
"""

import datetime
import json
import os
import signal
import sys

import torch
import torch.distributed as dist

port, rank, size = map(int, sys.argv[1:4])
patience = datetime.timedelta(seconds=60)
store = dist.PrefixStore("winnow/none/0", dist.TCPStore("127.0.0.1", port, size, False, timeout=patience))
group = dist.ProcessGroupGloo(store, rank, size, patience)


def summed(tensor):
    group.allreduce([tensor]).wait()
    return tensor.tolist()


assert summed(torch.tensor([1, rank])) == [size, size * (size - 1) // 2]
if sys.argv[4:] == ["kill"]:
    os.kill(os.getpid(), signal.SIGKILL)

found = [summed(torch.arange(5, dtype=dtype) * (rank + 1)) for dtype in (torch.float32, torch.float64, torch.int64)]
tensor = torch.zeros(3, dtype=torch.float64)
group.broadcast([tensor]).wait()
group.barrier().wait()
print(json.dumps(found + [tensor.tolist()]), flush=True)
# Python's own way out, with a group's threads at work, has aborted on a loaded machine.
os._exit(0)
