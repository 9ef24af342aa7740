// Products that are too small, or too oddly shaped, for `timesTransposed`: those of a low-rank adapter, and of attention.
//
// In float32 on x86 the work is done by oneDNN's block kernel, which libtorch makes for the processor at hand; it takes rows
// at any distance, so slices need no copy. Its kernels are kept for good, one for each shape: tiles have few sizes.
#include "Products.h"

#include <ATen/native/CPUBlas.h>

#include <algorithm>

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

/// Whether oneDNN has its block kernel here: not outside x86, and not in every build.
bool hasBlockKernel() {
#ifdef CPUBLAS_BRGEMM_F32F32F32
    static const bool has = [] {
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
