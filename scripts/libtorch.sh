#!/usr/bin/env bash
# libtorch, PyTorch's C++ library, from the `torch` wheel: <cache>/libtorch/<version>/torch, linked at .libtorch.
#
# LIBTORCH names a user's own build, which is then left alone. WINNOW_LIBTORCH_VERSION asks for another version.
# Without it, the plain version is taken where there is an NVIDIA driver: PyPI's is a CUDA build, which needs the libraries that the
# wheel depends on, several GB. Elsewhere a `+cpu` build, a third of the size. Some indices serve them; PyPI does not, so
# PyTorch's own index comes next, and then the plain version after all.

source "$(dirname "$0")/lib.sh"

if [ -n "${LIBTORCH:-}" ]; then
    [ -e "$LIBTORCH/include/torch/csrc/api/include/torch/torch.h" ] ||
        fail "LIBTORCH=$LIBTORCH holds no include/torch/csrc/api/include/torch/torch.h: name a libtorch folder, or unset it."
    exit 0
fi

default=2.13.0
[ -e /proc/driver/nvidia/version ] || default+=+cpu
wanted=${WINNOW_LIBTORCH_VERSION:-$default}
plain=${wanted%+cpu}
lock_cache

link() {
    local target=$cache/libtorch/$1/torch
    [ -d "$target/include" ] || return 1
    [ "$(readlink "$checkout/.libtorch")" = "$target" ] || ln -sfn "$target" "$checkout/.libtorch"
}
# NVIDIA's headers that torch doesn't bring along, which CUDA graphs and NCCL's groups are compiled against (Package.swift).
cuda_headers() {
    local cuda
    cuda=$(sed -n "s/^cuda: .*'\([0-9]*\.[0-9]*\).*'$/\1/p" "$1/torch/version.py")
    [ -n "$cuda" ] || return 0
    local include=$1/nvidia/cu${cuda%%.*}/include
    # Unpacked, since pip's --target won't add to the folder `nvidia` that is there.
    [ -e "$include/crt/host_defines.h" ] || (fetch_wheel cuda-headers "nvidia-cuda-crt==$cuda.*" "$1") ||
        say "nvidia-cuda-crt $cuda could not be fetched: winnow is built without CUDA graphs, and runs without them"
    [ -e "$include/nv/target" ] || (fetch_wheel nccl-headers "nvidia-cuda-cccl==$cuda.*" "$1") ||
        say "nvidia-cuda-cccl $cuda could not be fetched: winnow is built without NCCL, and runs on one GPU"
}

for version in "$wanted" "$plain"; do
    link "$version" || continue
    cuda_headers "$cache/libtorch/$version"
    exit 0
done

# `install VERSION OPTION…`. Byte-compiling is left to the import by the few who need it (scripts/test-peers.sh).
install() {
    local version=$1 folder
    shift
    folder=$(incoming libtorch)
    pip libtorch install --no-compile --only-binary :all: --target "$folder" "$@" "torch==$version" || return 1
    [ -d "$folder/torch/include" ] || fail "the wheel of torch $version holds no C++ headers: name another version in WINNOW_LIBTORCH_VERSION."
    cuda_headers "$folder"
    rm -rf "$cache/libtorch/$version"
    mv "$folder" "$cache/libtorch/$version"
    link "$version"
}

if [ "$wanted" = "$plain" ]; then
    say "fetching libtorch $wanted from the torch wheel, with the libraries that it depends on: several GB where it is a CUDA build"
    install "$wanted" && exit 0
else
    say "fetching libtorch $wanted from the torch wheel, about 200 MB"
    install "$wanted" --no-deps && exit 0
    install "$wanted" --no-deps --index-url https://download.pytorch.org/whl/cpu --retries 0 --timeout 15 && exit 0
    say "torch $wanted is not served here; fetching $plain with its dependencies, which may be several GB"
    install "$plain" && exit 0
fi
fail "torch $wanted could not be fetched for $("$python" --version): see $cache/logs/libtorch.log, mend the network or pip's index, and run this again."
