// Dropout without state: whether a value is dropped is a function of a key, its row and its column, so that a part of a matrix is dropped
// as in the whole, and every device drops the same (RowKernels.cu).
//
// A row's two 32-bit keys come from SplitMix64 of the mask's key and the row. Of each 32 columns, 16 words of 32 bits, hashed from the
// keys and the word's number, decide two columns each, 16 apart: whole vectors.
#pragma once

#include <cstdint>

#include "CTorch.h"

namespace ctorch {

/// Which values are kept: a bit each, 32 columns of a row in a word, the first in its lowest bit.
struct KeptBits {
    uint32_t *first;
    /// Words from a row to the next.
    int64_t stride;

    static constexpr int64_t columnsOfWord = 32;
    static int64_t wordsOf(int64_t columns) { return (columns + columnsOfWord - 1) / columnsOfWord; }

    /// Those from `column` on, a multiple of 32.
    KeptBits from(int64_t row, int64_t column) const;

    /// Fills `rows` rows from the first on with what the mask of this key keeps from its row `maskRow` on, of `columns` columns.
    void draw(const ct_dropout &dropout, uint64_t key, int64_t maskRow, int64_t rows, int64_t columns) const;

    /// y = x where it is kept, scaled to the same expectation, and 0 elsewhere, or y += that: `[rows, columns]`, rows `xStride` and
    /// `yStride` values apart.
    template <class Real>
    void apply(
        const ct_dropout &dropout, int64_t rows, int64_t columns, const Real *x, int64_t xStride, Real *y, int64_t yStride,
        bool adds) const;
};

extern template void KeptBits::apply(
    const ct_dropout &, int64_t, int64_t, const float *, int64_t, float *, int64_t, bool) const;
extern template void KeptBits::apply(
    const ct_dropout &, int64_t, int64_t, const double *, int64_t, double *, int64_t, bool) const;

}  // namespace ctorch
