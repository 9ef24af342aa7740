#include "Dropout.h"

#include <ATen/ops/empty.h>

#include "Guard.h"
#include "Processor.h"
#include "Rows.h"

using namespace ctorch;

namespace {

/// SplitMix64's finalizer (Steele et al. 2014) after one step of its sequence.
inline uint64_t mixed(uint64_t value) {
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/// An integer hash of 32 bits in two rounds, a key for each.
inline uint32_t word(uint32_t index, uint32_t first, uint32_t second) {
    uint32_t bits = index * 0x9e3779b1u ^ first;
    bits = (bits ^ (bits >> 16)) * 0x7feb352du ^ second;
    bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
    return bits ^ (bits >> 16);
}

/// Columns that share their words: the first half takes the low 16 bits of each, the second the high ones.
constexpr int64_t block = 32, half = block / 2;

/// `count` columns of a row from the beginning of a block, whose first word is `index`.
template <bool adds, class Real>
inline __attribute__((always_inline)) void dropRow(
    const Real *x, Real *y, int64_t count, uint32_t index, uint64_t keys, uint32_t dropped, Real scale) {
    auto first = static_cast<uint32_t>(keys), second = static_cast<uint32_t>(keys >> 32);
    int64_t start = 0;
    for (; start + block <= count; start += block, index += half)
        for (int64_t i = 0; i < half; ++i) {
            uint32_t bits = word(index + static_cast<uint32_t>(i), first, second);
            Real low = (bits & 0xffffu) >= dropped ? x[start + i] * scale : Real(0);
            Real high = bits >> 16 >= dropped ? x[start + i + half] * scale : Real(0);
            y[start + i] = adds ? y[start + i] + low : low;
            y[start + i + half] = adds ? y[start + i + half] + high : high;
        }
    for (int64_t i = 0; start + i < count; ++i) {
        uint32_t bits = word(index + static_cast<uint32_t>(i % half), first, second);
        Real value = (i < half ? bits & 0xffffu : bits >> 16) >= dropped ? x[start + i] * scale : Real(0);
        y[start + i] = adds ? y[start + i] + value : value;
    }
}

#define DROP(Real, CLONES)                                                                                                     \
    CLONES void drop(                                                                                                          \
        const Real *x, int64_t xStride, Real *y, int64_t yStride, int64_t rows, int64_t columns, uint64_t key,                 \
        uint64_t firstRow, uint32_t index, uint32_t dropped, Real scale, bool adds) {                                          \
        for (int64_t i = 0; i < rows; ++i, x += xStride, y += yStride) {                                                       \
            uint64_t keys = mixed(key ^ mixed(firstRow + static_cast<uint64_t>(i)));                                           \
            if (adds)                                                                                                          \
                dropRow<true>(x, y, columns, index, keys, dropped, scale);                                                     \
            else                                                                                                               \
                dropRow<false>(x, y, columns, index, keys, dropped, scale);                                                    \
        }                                                                                                                      \
    }

DROP(float, FOR_EACH_PROCESSOR)
DROP(double, )

}  // namespace

template <class Real>
void DropoutMask::apply(
    int64_t row, int64_t rows, int64_t column, int64_t columns, const Real *x, int64_t xStride, Real *y, int64_t yStride,
    bool adds) const {
    TORCH_CHECK(column % block == 0, "a mask is asked for from a multiple of ", block, ", not ", column);
    drop(
        x, xStride, y, yStride, rows, columns, key, static_cast<uint64_t>(firstRow + row),
        static_cast<uint32_t>(column / block * half), dropped, static_cast<Real>(65536.0 / (65536 - dropped)), adds);
}

template void DropoutMask::apply(
    int64_t, int64_t, int64_t, int64_t, const float *, int64_t, float *, int64_t, bool) const;
template void DropoutMask::apply(
    int64_t, int64_t, int64_t, int64_t, const double *, int64_t, double *, int64_t, bool) const;

ct_status ct_dropped(ct_tensor xHandle, ct_dropout dropout, uint64_t key, ct_tensor *output) {
    return guarded([&] {
        auto x = borrowed(xHandle);
        auto result = at::empty(x.sizes(), x.options());
        forReal(x, [&]<class Real>() {
            Rows<Real> in(x), out(result);
            DropoutMask mask(dropout, key);
            inParallel(in.count, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, in.width)), [&](int64_t begin, int64_t end) {
                mask.apply(begin, end - begin, 0, in.width, in[begin], in.stride, out[begin], out.stride, false);
            });
        });
        *output = owned(std::move(result));
    });
}
