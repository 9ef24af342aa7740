// Products of float32 rows with frozen int8 weights.
//
// A weight keeps a scale for each output, a row gets one of its own when it comes: w ≈ s·q, x ≈ r·p with q and p in -127…127, and
// so w·x ≈ s·r·Σ q·p, summed exactly in 32 bits. The processor's instruction (AVX-512 VNNI) multiplies unsigned bytes by signed
// ones, so weights are kept as q + 128, and 128·Σ p is taken away again.
//
// Weights lie in panels of 32 outputs, four inputs of an output side by side: what one instruction reads is one line. A row is
// its bytes, filled up to a multiple of four, then its scale (float32) and the sum of its bytes (int32).
#include <cstring>
#include <vector>

#include "Guard.h"
#include "Processor.h"
#include "Rows.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace ctorch;

namespace {

constexpr int64_t panelWidth = 32;
/// 255 · 127 · inputs fits in 32 bits.
constexpr int64_t maximumInputs = 1 << 16;

int64_t inFours(int64_t inputs) { return (inputs + 3) / 4 * 4; }

/// Of the bits without the sign: infinity is larger than any number so, and NaN than infinity.
FOR_EACH_PROCESSOR float largestMagnitude(const float *values, int64_t count) {
    int32_t largest = 0;
    for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::bit_cast<int32_t>(values[i]) & 0x7fffffff);
    return std::bit_cast<float>(largest);
}

/// Writes values · factor, rounded; gives the sum.
FOR_EACH_PROCESSOR int32_t rounded(const float *values, int64_t count, float factor, int8_t *bytes) {
    int32_t sum = 0;
    for (int64_t i = 0; i < count; ++i) {
        auto byte = static_cast<int32_t>(std::nearbyint(values[i] * factor));
        bytes[i] = static_cast<int8_t>(byte);
        sum += byte;
    }
    return sum;
}

/// Bytes of values, their sum, and the scale that gives the values back. Where one isn't finite, the scale isn't either.
float quantize(const float *values, int64_t count, int8_t *bytes, int32_t *sum) {
    float scale = largestMagnitude(values, count) / 127;
    // Of the least numbers the reciprocal is infinite: they are zero.
    float factor = std::isfinite(scale) && std::isfinite(1 / scale) ? 1 / scale : 0;
    if (factor > 0) {
        *sum = rounded(values, count, factor, bytes);
    } else {
        std::fill_n(bytes, count, 0);
        *sum = 0;
    }
    return scale;
}

/// Rows of `bytes`, a scale and a sum.
struct QuantizedRows {
    uint8_t *first;
    int64_t count, stride;

    explicit QuantizedRows(const at::Tensor &tensor) {
        TORCH_CHECK(tensor.dim() == 2 && tensor.is_contiguous() && tensor.scalar_type() == at::kByte, "not quantized rows");
        first = tensor.data_ptr<uint8_t>(), count = tensor.size(0), stride = tensor.size(1);
    }
    int8_t *operator[](int64_t row) const { return reinterpret_cast<int8_t *>(first + row * stride); }
    int64_t inputs() const { return stride - 8; }
    float &scale(int64_t row) const { return *reinterpret_cast<float *>(first + row * stride + inputs()); }
    int32_t &sum(int64_t row) const { return *reinterpret_cast<int32_t *>(first + row * stride + inputs() + 4); }
};

#if defined(__x86_64__)
#define WITH_BYTE_PRODUCTS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

/// Some rows against a panel. Sums stay in registers: 24 of them with twelve rows.
template <int count>
WITH_BYTE_PRODUCTS void multiplyRows(
    const QuantizedRows &rows, int64_t row, const uint8_t *panel, const float *scales, int64_t width, float *result,
    int64_t stride) {
    __m512i low[count], high[count];
    const int8_t *bytes[count];
#pragma unroll
    for (int i = 0; i < count; ++i) {
        low[i] = high[i] = _mm512_setzero_si512();
        bytes[i] = rows[row + i];
    }
    for (int64_t input = 0; input < rows.inputs(); input += 4) {
        auto first = _mm512_loadu_si512(panel + input * panelWidth), second = _mm512_loadu_si512(panel + input * panelWidth + 64);
#pragma unroll
        for (int i = 0; i < count; ++i) {
            int32_t four;
            std::memcpy(&four, bytes[i] + input, 4);
            auto repeated = _mm512_set1_epi32(four);
            low[i] = _mm512_dpbusd_epi32(low[i], first, repeated);
            high[i] = _mm512_dpbusd_epi32(high[i], second, repeated);
        }
    }
    auto mask = width >= panelWidth ? 0xffffffffu : (1u << width) - 1;
    auto lowMask = static_cast<__mmask16>(mask), highMask = static_cast<__mmask16>(mask >> 16);
    auto lowScales = _mm512_maskz_loadu_ps(lowMask, scales), highScales = _mm512_maskz_loadu_ps(highMask, scales + 16);
#pragma unroll
    for (int i = 0; i < count; ++i) {
        auto offset = _mm512_set1_epi32(128 * rows.sum(row + i));
        auto scale = _mm512_set1_ps(rows.scale(row + i));
        auto place = result + i * stride;
        auto scaled = [&](__m512i sums, __m512 columns) WITH_BYTE_PRODUCTS {
            return _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sums, offset)), scale), columns);
        };
        _mm512_mask_storeu_ps(place, lowMask, scaled(low[i], lowScales));
        _mm512_mask_storeu_ps(place + 16, highMask, scaled(high[i], highScales));
    }
}

using MultiplyRows = decltype(&multiplyRows<1>);
constexpr int64_t rowsAtOnce = 12;
constexpr MultiplyRows kernels[rowsAtOnce + 1] = {
    nullptr,          multiplyRows<1>, multiplyRows<2>, multiplyRows<3>,  multiplyRows<4>,  multiplyRows<5>,  multiplyRows<6>,
    multiplyRows<7>, multiplyRows<8>, multiplyRows<9>, multiplyRows<10>, multiplyRows<11>, multiplyRows<12>,
};

void multiplyPanel(
    const QuantizedRows &rows, const uint8_t *panel, const float *scales, int64_t width, float *result, int64_t stride) {
    for (int64_t row = 0; row < rows.count; row += rowsAtOnce)
        kernels[std::min(rowsAtOnce, rows.count - row)](
            rows, row, panel, scales, width, result + row * stride, stride);
}
#else
void multiplyPanel(const QuantizedRows &, const uint8_t *, const float *, int64_t, float *, int64_t) {}
#endif

}  // namespace

bool ct_has_int8_products() {
#if defined(__x86_64__)
    static const bool has = __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    return has;
#else
    return false;
#endif
}

ct_status ct_int8_weight(ct_tensor weightHandle, ct_tensor *packed, ct_tensor *scales) {
    return guarded([&] {
        auto weight = borrowed(weightHandle);
        Rows<float> rows(weight);
        TORCH_CHECK(rows.width <= maximumInputs, "an int8 weight has up to ", maximumInputs, " inputs, not ", rows.width);
        auto inputs = inFours(rows.width), panels = (rows.count + panelWidth - 1) / panelWidth;
        auto bytes = at::empty({panels, inputs * panelWidth}, weight.options().dtype(at::kByte));
        auto factors = at::empty({rows.count}, weight.options());
        auto *first = bytes.data_ptr<uint8_t>();
        auto *factor = factors.data_ptr<float>();
        inParallel(panels, 1, [&](int64_t begin, int64_t end) {
            std::vector<int8_t> row(inputs, 0);
            for (auto panel = begin; panel < end; ++panel) {
                auto *place = first + panel * inputs * panelWidth;
                std::memset(place, 128, inputs * panelWidth);
                for (int64_t column = 0; column < std::min(panelWidth, rows.count - panel * panelWidth); ++column) {
                    auto output = panel * panelWidth + column;
                    int32_t sum;
                    factor[output] = quantize(rows[output], rows.width, row.data(), &sum);
                    for (int64_t input = 0; input < rows.width; ++input)
                        place[(input / 4 * panelWidth + column) * 4 + input % 4] = static_cast<uint8_t>(row[input] + 128);
                }
            }
        });
        *packed = owned(std::move(bytes));
        *scales = owned(std::move(factors));
    });
}

ct_status ct_int8_rows(ct_tensor xHandle, ct_tensor *output) {
    return guarded([&] {
        auto x = borrowed(xHandle);
        Rows<float> in(x);
        auto result = at::empty({in.count, inFours(in.width) + 8}, x.options().dtype(at::kByte));
        QuantizedRows out(result);
        inParallel(in.count, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, in.width)), [&](int64_t begin, int64_t end) {
            for (auto row = begin; row < end; ++row) {
                std::fill(out[row] + in.width, out[row] + out.inputs(), 0);
                out.scale(row) = quantize(in[row], in.width, out[row], &out.sum(row));
            }
        });
        *output = owned(std::move(result));
    });
}

ct_status ct_int8_multiply(ct_tensor resultHandle, ct_tensor rowsHandle, ct_tensor packedHandle, ct_tensor scalesHandle) {
    return guarded([&] {
        TORCH_CHECK(ct_has_int8_products(), "this processor has no products of bytes");
        auto result = borrowed(resultHandle), quantized = borrowed(rowsHandle);
        auto packed = borrowed(packedHandle), scales = borrowed(scalesHandle);
        QuantizedRows rows(quantized);
        Rows<float> out(result);
        auto *factors = vector<float>(scales, out.width);
        auto panels = (out.width + panelWidth - 1) / panelWidth;
        TORCH_CHECK(
            out.count == rows.count && packed.dim() == 2 && packed.size(0) == panels &&
                packed.size(1) == rows.inputs() * panelWidth,
            "rows of ", rows.inputs(), " bytes by a weight of shape ", packed.sizes(), " don't give ", result.sizes());
        auto *first = packed.data_ptr<uint8_t>();
        inParallel(panels, 1, [&](int64_t begin, int64_t end) {
            for (auto panel = begin; panel < end; ++panel) {
                auto column = panel * panelWidth;
                multiplyPanel(
                    rows, first + panel * rows.inputs() * panelWidth, factors + column, out.width - column, out.first + column,
                    out.stride);
            }
        });
    });
}
