#!/usr/bin/env bash
# NVRTC, NVIDIA's compiler in a library, out of PyPI's nvidia-cuda-nvrtc: with it the tests compile the CUDA kernels, on a machine
# without a GPU too. <cache>/nvrtc/<version>. `nvrtc.sh path` prints the library and fetches nothing.

source "$(dirname "$0")/lib.sh"

version=13.0.88
library=$cache/nvrtc/$version/nvidia/cu13/lib/libnvrtc.so.13
if [ "${1:-}" = path ]; then
    printf '%s\n' "$library"
    exit 0
fi
# There is none for other systems.
[ "$(uname -s)" = Linux ] || exit 0
lock_cache
[ -f "$library" ] && exit 0

say "fetching NVRTC, 90 MB"
folder=$(incoming nvrtc)
fetch_wheel nvrtc nvidia-cuda-nvrtc==$version "$folder"
mv "$folder" "$cache/nvrtc/$version"
