// Rows of a frozen weight as they are packed, and the loops that widen them.
#pragma once

#include <cstdint>

#include "CTorch.h"

namespace ctorch {

/// How rows are laid out: bytes of a block, and the inputs that share them.
struct Packing {
    int64_t blockBytes, blockInputs;
    /// Before the first block.
    int64_t headBytes;
    /// Widens inputs `start..<start + count` of some rows, `stride` bytes apart. `start` is a multiple of 32; `count` is one too, or
    /// reaches the end of the row.
    void (*widen)(
        const uint8_t *bytes, int64_t stride, int64_t rows, int64_t start, int64_t count, float *values, int64_t valueStride);
    /// Packs a row; null where rows come from files alone.
    void (*pack)(const float *values, int64_t count, uint8_t *bytes);

    int64_t rowBytes(int64_t inputs) const { return headBytes + (inputs + blockInputs - 1) / blockInputs * blockBytes; }
};

/// Inputs from the first of which a row can be widened.
constexpr int64_t packedUnit = 32;

const Packing &packing(ct_packing kind);

}  // namespace ctorch
