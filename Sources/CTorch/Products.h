// Products of small matrices in host memory, for one thread.
#pragma once

#include <cstdint>

namespace ctorch {

/// `c = a · b`, or `c += a · b`: `[m, k] · [k, n] → [m, n]`, rows `lda`, `ldb` and `ldc` values apart.
void multiply(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc, bool adds);
void multiply(
    int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b, int64_t ldb, double *c, int64_t ldc,
    bool adds);

/// Writes the transpose of `from` `[rows, columns]` to `to` `[columns, rows]`.
template <class Real>
inline void transpose(const Real *from, int64_t stride, int64_t rows, int64_t columns, Real *to, int64_t toStride) {
    constexpr int64_t tile = 16;
    for (int64_t top = 0; top < rows; top += tile)
        for (int64_t left = 0; left < columns; left += tile)
            for (int64_t column = left; column < (left + tile < columns ? left + tile : columns); ++column)
                for (int64_t row = top; row < (top + tile < rows ? top + tile : rows); ++row)
                    to[column * toStride + row] = from[row * stride + column];
}

}  // namespace ctorch
