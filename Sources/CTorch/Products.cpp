// Products that are too small, or too oddly shaped, for `timesTransposed`: those of a low-rank adapter, and of attention.
//
// In float32 on x86 the work is done by oneDNN's block kernel, which libtorch makes for the processor at hand; it takes rows
// at any distance, so slices need no copy. Its kernels are kept for good, one for each shape: tiles have few sizes.
#include "Products.h"

#include <ATen/native/CPUBlas.h>
#include <ATen/ops/zeros.h>

#include <vector>

#include "Guard.h"
#include "Processor.h"
#include "Rows.h"

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

namespace {

/// Rows and columns of a tile, and rows that a transposed product takes at once.
constexpr int64_t tileRows = 64, tileColumns = 64, depth = 256;

}  // namespace

ct_status ct_multiply(ct_tensor resultHandle, ct_tensor leftHandle, ct_tensor rightHandle, bool adds) {
    return guarded([&] {
        auto result = borrowed(resultHandle), left = borrowed(leftHandle), right = borrowed(rightHandle);
        forReal(result, [&]<class Real>() {
            Rows<Real> a(left), b(right), c(result);
            TORCH_CHECK(
                a.width == b.count && c.count == a.count && c.width == b.width, left.sizes(), " · ", right.sizes(),
                " doesn't give ", result.sizes());
            auto across = (c.width + tileColumns - 1) / tileColumns, down = (c.count + tileRows - 1) / tileRows;
            inParallel(down * across, 1, [&](int64_t begin, int64_t end) {
                for (auto tile = begin; tile < end; ++tile) {
                    auto row = tile / across * tileRows, column = tile % across * tileColumns;
                    multiply(
                        std::min(tileRows, c.count - row), std::min(tileColumns, c.width - column), a.width, a[row], a.stride,
                        b.first + column, b.stride, c[row] + column, c.stride, adds);
                }
            });
        });
    });
}

ct_status ct_multiply_transposed(ct_tensor leftHandle, ct_tensor rightHandle, ct_tensor *output) {
    return guarded([&] {
        auto left = borrowed(leftHandle), right = borrowed(rightHandle);
        TORCH_CHECK(left.dim() == 2 && right.dim() == 2 && left.size(0) == right.size(0), left.sizes(), "ᵀ · ", right.sizes());
        auto result = left.size(0) > 0 ? at::empty({left.size(1), right.size(1)}, left.options())
                                       : at::zeros({left.size(1), right.size(1)}, left.options());
        forReal(result, [&]<class Real>() {
            Rows<Real> a(left), b(right), c(result);
            // Each part turns all of `left`, which is narrow: wide parts, so that it is turned seldom.
            constexpr int64_t part = 192;
            inParallel((c.width + part - 1) / part, 1, [&](int64_t begin, int64_t end) {
                std::vector<Real> turned(a.width * depth);
                for (int64_t start = 0; start < a.count; start += depth) {
                    auto rows = std::min(depth, a.count - start);
                    transpose(a[start], a.stride, rows, a.width, turned.data(), depth);
                    for (auto column = begin * part; column < std::min(end * part, c.width); column += tileColumns)
                        multiply(
                            a.width, std::min(tileColumns, std::min(end * part, c.width) - column), rows, turned.data(), depth,
                            b[start] + column, b.stride, c.first + column, c.stride, start > 0);
                }
            });
        });
        *output = owned(std::move(result));
    });
}
