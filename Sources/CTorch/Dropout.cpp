#include "Dropout.h"

#include <ATen/ops/empty.h>

#include <bit>
#include <memory>

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

/// Words that are hashed at once: those of a block of 32 columns. The low 16 bits of each decide the first half, the high ones the second.
using Words = uint32_t __attribute__((ext_vector_type(16)));
using Bits = bool __attribute__((ext_vector_type(16)));
static_assert(std::endian::native == std::endian::little, "the first of `Bits` is to be the lowest bit");
constexpr Words wordsOfBlock{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

FOR_EACH_PROCESSOR void drawRows(
    uint32_t *kept, int64_t stride, int64_t rows, int64_t words, uint64_t key, uint64_t firstRow, uint32_t dropped) {
    for (int64_t row = 0; row < rows; ++row, kept += stride) {
        uint64_t keys = mixed(key ^ mixed(firstRow + static_cast<uint64_t>(row)));
        auto first = static_cast<uint32_t>(keys), second = static_cast<uint32_t>(keys >> 32);
        for (int64_t i = 0; i < words; ++i) {
            // An integer hash of 32 bits in two rounds, a key for each.
            Words bits = (wordsOfBlock + static_cast<uint32_t>(16 * i)) * 0x9e3779b1u ^ first;
            bits = (bits ^ (bits >> 16)) * 0x7feb352du ^ second;
            bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
            bits = bits ^ (bits >> 16);
            auto low = __builtin_convertvector((bits & 0xffffu) >= dropped, Bits);
            auto high = __builtin_convertvector(bits >> 16 >= dropped, Bits);
            kept[i] = std::bit_cast<uint16_t>(low) | static_cast<uint32_t>(std::bit_cast<uint16_t>(high)) << 16;
        }
    }
}

/// Whole words have a loop of known length, which becomes vector code.
template <bool adds, class Real>
inline __attribute__((always_inline)) void applyToRow(
    const uint32_t *kept, int64_t columns, const Real *x, Real *y, Real scale) {
    auto applyWord = [&](int64_t start, int64_t count) __attribute__((always_inline)) {
        uint32_t word = kept[start / KeptBits::columnsOfWord];
        for (int64_t i = 0; i < count; ++i) {
            Real value = word & uint32_t(1) << i ? x[start + i] * scale : Real(0);
            y[start + i] = adds ? y[start + i] + value : value;
        }
    };
    int64_t start = 0;
    for (; start + KeptBits::columnsOfWord <= columns; start += KeptBits::columnsOfWord) applyWord(start, KeptBits::columnsOfWord);
    if (start < columns) applyWord(start, columns - start);
}

#define APPLY(Real, CLONES)                                                                                                    \
    CLONES void applyToRows(                                                                                                   \
        const uint32_t *kept, int64_t stride, int64_t rows, int64_t columns, const Real *x, int64_t xStride, Real *y,          \
        int64_t yStride, Real scale, bool adds) {                                                                              \
        for (int64_t i = 0; i < rows; ++i, kept += stride, x += xStride, y += yStride) {                                       \
            if (adds)                                                                                                          \
                applyToRow<true>(kept, columns, x, y, scale);                                                                  \
            else                                                                                                               \
                applyToRow<false>(kept, columns, x, y, scale);                                                                 \
        }                                                                                                                      \
    }

APPLY(float, FOR_EACH_PROCESSOR)
APPLY(double, )

}  // namespace

KeptBits KeptBits::from(int64_t row, int64_t column) const {
    TORCH_CHECK(column % columnsOfWord == 0, "a mask is asked for from a multiple of ", columnsOfWord, ", not ", column);
    return {first + row * stride + column / columnsOfWord, stride};
}

void KeptBits::draw(const ct_dropout &dropout, uint64_t key, int64_t maskRow, int64_t rows, int64_t columns) const {
    drawRows(first, stride, rows, wordsOf(columns), key, static_cast<uint64_t>(dropout.first_row + maskRow), dropout.dropped);
}

template <class Real>
void KeptBits::apply(
    const ct_dropout &dropout, int64_t rows, int64_t columns, const Real *x, int64_t xStride, Real *y, int64_t yStride,
    bool adds) const {
    applyToRows(
        first, stride, rows, columns, x, xStride, y, yStride, static_cast<Real>(65536.0 / (65536 - dropout.dropped)), adds);
}

template void KeptBits::apply(
    const ct_dropout &, int64_t, int64_t, const float *, int64_t, float *, int64_t, bool) const;
template void KeptBits::apply(
    const ct_dropout &, int64_t, int64_t, const double *, int64_t, double *, int64_t, bool) const;

ct_status ct_dropped(ct_tensor xHandle, ct_dropout dropout, uint64_t key, ct_tensor *output) {
    return guarded([&] {
        auto x = borrowed(xHandle);
        auto result = at::empty(x.sizes(), x.options());
        forReal(x, [&]<class Real>() {
            Rows<Real> in(x), out(result);
            auto words = KeptBits::wordsOf(in.width);
            inParallel(in.count, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, in.width)), [&](int64_t begin, int64_t end) {
                auto row = std::make_unique_for_overwrite<uint32_t[]>(words);
                KeptBits kept{row.get(), words};
                for (auto i = begin; i < end; ++i) {
                    kept.draw(dropout, key, i, 1, in.width);
                    kept.apply(dropout, 1, in.width, in[i], in.stride, out[i], out.stride, false);
                }
            });
        });
        *output = owned(std::move(result));
    });
}
