// Products of parts of matrices that stay in a core's cache: of weights (TiledProducts.h), of low-rank adapters, and of attention.
//
// In float32 on x86 the work is done by oneDNN's block kernel, which libtorch makes for the processor at hand; it takes rows
// at any distance, so slices need no copy. Its kernels are kept for good, one for each shape and thread.
#include "Products.h"

#include <ATen/Context.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <cstring>

#include "CTorch.h"
#include "Processor.h"

using namespace ctorch;

namespace {

/// Four rows of `b` at a time, so that `c` is read and written once for four.
template <class Real>
inline void multiplyPlainly(
    int64_t m, int64_t n, int64_t k, const Real *a, int64_t lda, const Real *b, int64_t ldb, Real *c, int64_t ldc, bool adds) {
    for (int64_t i = 0; i < m; ++i) {
        Real *row = c + i * ldc;
        if (!adds) std::fill(row, row + n, Real(0));
        int64_t l = 0;
        for (; l + 4 <= k; l += 4) {
            const Real *factor = a + i * lda + l, *b0 = b + l * ldb, *b1 = b0 + ldb, *b2 = b1 + ldb, *b3 = b2 + ldb;
            for (int64_t j = 0; j < n; ++j)
                row[j] += factor[0] * b0[j] + factor[1] * b1[j] + factor[2] * b2[j] + factor[3] * b3[j];
        }
        for (; l < k; ++l)
            for (int64_t j = 0; j < n; ++j) row[j] += a[i * lda + l] * b[l * ldb + j];
    }
}

FOR_EACH_PROCESSOR void multiplyFloats(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
    bool adds) {
    multiplyPlainly(m, n, k, a, lda, b, ldb, c, ldc, adds);
}

/// Rows `top..<bottom` of columns `left..<right`, sixteen by sixteen.
template <class Real>
inline void transposePart(
    const Real *from, int64_t stride, int64_t top, int64_t bottom, int64_t left, int64_t right, Real *to, int64_t toStride) {
    constexpr int64_t tile = 16;
    for (auto y = top; y < bottom; y += tile)
        for (auto x = left; x < right; x += tile)
            for (auto column = x; column < std::min(right, x + tile); ++column)
                for (auto row = y; row < std::min(bottom, y + tile); ++row)
                    to[column * toStride + row] = from[row * stride + column];
}

using Eight = float __attribute__((ext_vector_type(8)));
#define SHUFFLED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

/// Eight rows of eight values, turned in registers: pairs, pairs of pairs, halves.
__attribute__((always_inline)) inline void transposeEight(const float *from, int64_t stride, float *to, int64_t toStride) {
    Eight rows[8], pairs[8], fours[8];
#pragma unroll
    for (int i = 0; i < 8; ++i) std::memcpy(&rows[i], from + i * stride, sizeof rows[i]);
#pragma unroll
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = SHUFFLED(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[i + 1] = SHUFFLED(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
#pragma unroll
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; ++j) {
            fours[i + 2 * j] = SHUFFLED(pairs[i + j], pairs[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            fours[i + 2 * j + 1] = SHUFFLED(pairs[i + j], pairs[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        Eight upper = SHUFFLED(fours[i], fours[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        Eight lower = SHUFFLED(fours[i], fours[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
        std::memcpy(to + i * toStride, &upper, sizeof upper);
        std::memcpy(to + (i + 4) * toStride, &lower, sizeof lower);
    }
}

FOR_EACH_PROCESSOR void transposeFloats(
    const float *from, int64_t stride, int64_t rows, int64_t columns, float *to, int64_t toStride) {
    auto wholeRows = rows / 8 * 8, wholeColumns = columns / 8 * 8;
    for (int64_t left = 0; left < wholeColumns; left += 8)
        for (int64_t top = 0; top < wholeRows; top += 8)
            transposeEight(from + top * stride + left, stride, to + left * toStride + top, toStride);
    transposePart(from, stride, 0, wholeRows, wholeColumns, columns, to, toStride);
    transposePart(from, stride, wholeRows, rows, 0, columns, to, toStride);
}

/// Whether libtorch's `brgemm` is oneDNN's block kernel: it would be BLAS elsewhere than on x86 with AVX2, and where oneDNN is switched off.
bool hasBlockKernel() {
#if defined(CPUBLAS_BRGEMM_F32F32F32) && defined(__x86_64__)
    static const bool has = [] {
        if (!__builtin_cpu_supports("avx2") || !at::globalContext().userEnabledMkldnn() || !at::hasMKLDNN()) return false;
        try {
            float a = 2, b[16] = {3}, c[16] = {};
            at::native::cpublas::brgemm(1, 16, 1, 1, 16, 16, false, &a, b, c, false);
            return c[0] == 6;
        } catch (...) {
            return false;
        }
    }();
    return has;
#else
    return false;
#endif
}

}  // namespace

bool ct_has_block_kernel() { return hasBlockKernel(); }

void ctorch::multiply(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
    bool adds) {
    if (m == 0 || n == 0) return;
#ifdef CPUBLAS_BRGEMM_F32F32F32
    if (k > 0 && hasBlockKernel()) return at::native::cpublas::brgemm(m, n, k, lda, ldb, ldc, adds, a, b, c, false);
#endif
    multiplyFloats(m, n, k, a, lda, b, ldb, c, ldc, adds);
}

void ctorch::multiply(
    int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b, int64_t ldb, double *c, int64_t ldc,
    bool adds) {
    multiplyPlainly(m, n, k, a, lda, b, ldb, c, ldc, adds);
}

void ctorch::transpose(const float *from, int64_t stride, int64_t rows, int64_t columns, float *to, int64_t toStride) {
    transposeFloats(from, stride, rows, columns, to, toStride);
}

void ctorch::transpose(const double *from, int64_t stride, int64_t rows, int64_t columns, double *to, int64_t toStride) {
    transposePart(from, stride, 0, rows, 0, columns, to, toStride);
}
