// Dropout without state: whether a value is dropped is a function of a key, its row and its column. The backward pass asks again
// instead of remembering, a part of a matrix is dropped as in the whole, and every device drops the same (RowKernels.cu).
//
// A row's two 32-bit keys come from SplitMix64 of the mask's key and the row. Of each 32 columns, 16 words of 32 bits, hashed from the
// keys and the word's number, decide two columns each, 16 apart: whole vectors.
#pragma once

#include <cstdint>

#include "CTorch.h"

namespace ctorch {

/// The mask of a matrix, of which it may be asked part by part.
struct DropoutMask {
    uint64_t key;
    int64_t firstRow;
    /// Of 65,536: how many values are dropped.
    uint32_t dropped;

    DropoutMask(const ct_dropout &dropout, uint64_t key) : key(key), firstRow(dropout.first_row), dropped(dropout.dropped) {}

    /// y = x where it is kept, scaled to the same expectation, and 0 elsewhere, or y += that: `[rows, columns]` values from (`row`,
    /// `column`) of the matrix, rows `xStride` and `yStride` values apart. `column` is a multiple of 32.
    template <class Real>
    void apply(
        int64_t row, int64_t rows, int64_t column, int64_t columns, const Real *x, int64_t xStride, Real *y, int64_t yStride,
        bool adds) const;
};

extern template void DropoutMask::apply(
    int64_t, int64_t, int64_t, int64_t, const float *, int64_t, float *, int64_t, bool) const;
extern template void DropoutMask::apply(
    int64_t, int64_t, int64_t, int64_t, const double *, int64_t, double *, int64_t, bool) const;

}  // namespace ctorch
