"""Prints FILE's tensors as the `gguf` package sees them, name, type and shape outermost first, and some metadata."""
import sys

import gguf

reader = gguf.GGUFReader(sys.argv[1])
for tensor in reader.tensors:
    print(tensor.name, tensor.tensor_type.name, [int(size) for size in reversed(tensor.shape)])
