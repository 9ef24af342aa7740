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

/// Calls `body(start, size)` for pieces of `0..<count`: of `most`, a power of two, and then of ever smaller ones. The block kernel is made
/// anew for each shape and kept for good, so sizes that follow the data have to be few.
template <class Body>
void inPowersOfTwo(int64_t count, int64_t most, Body &&body) {
    for (int64_t start = 0; start < count;) {
        while (most > count - start) most /= 2;
        body(start, most);
        start += most;
    }
}

/// Writes the transpose of `from` `[rows, columns]` to `to` `[columns, rows]`, their rows `stride` and `toStride` values apart.
void transpose(const float *from, int64_t stride, int64_t rows, int64_t columns, float *to, int64_t toStride);
void transpose(const double *from, int64_t stride, int64_t rows, int64_t columns, double *to, int64_t toStride);

}  // namespace ctorch
