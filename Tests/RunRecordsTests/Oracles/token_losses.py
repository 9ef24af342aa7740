"""What the safetensors package reads from a token-loss file."""

import sys

from safetensors.numpy import load_file

for name, tensor in sorted(load_file(sys.argv[1]).items()):
    print(name, tensor.dtype, tensor.tolist())
