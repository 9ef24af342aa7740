// Products of float32 rows with frozen int8 weights.
//
// Inputs are taken in groups of 64. A weight keeps a scale for each output and group, a row gets one for each group when it comes:
// w ≈ s·q, x ≈ r·p with q and p in -127…127, and so w·x ≈ Σ s·r·Σ q·p, the inner sum exact in 32 bits. An outlier spoils its own
// group alone. The processor's instruction (AVX-512 VNNI) multiplies unsigned bytes by signed ones, so weights are kept as q + 128,
// and 128·Σ p is taken away again.
//
// Weights lie in panels of 32 outputs, of each group its bytes, four inputs of an output side by side (what one instruction reads is
// one line), then the 32 scales. A row is its groups' bytes, zeros after the last, then of each group the scale (float32) and the
// sum of the bytes (int32).
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

constexpr int64_t panelWidth = 32, groupWidth = 64;
/// Of a panel's group.
constexpr int64_t groupBytes = panelWidth * (groupWidth + static_cast<int64_t>(sizeof(float)));

int64_t groupCount(int64_t inputs) { return (inputs + groupWidth - 1) / groupWidth; }

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

struct GroupFactors {
    float scale;
    int32_t sum;
};

/// Rows of bytes, then the factors of each group.
struct QuantizedRows {
    uint8_t *first;
    int64_t count, stride;

    explicit QuantizedRows(const at::Tensor &tensor) {
        TORCH_CHECK(tensor.dim() == 2 && tensor.is_contiguous() && tensor.scalar_type() == at::kByte, "not quantized rows");
        first = tensor.data_ptr<uint8_t>(), count = tensor.size(0), stride = tensor.size(1);
    }
    static int64_t bytes(int64_t inputs) {
        return groupCount(inputs) * (groupWidth + static_cast<int64_t>(sizeof(GroupFactors)));
    }
    int64_t groups() const { return stride / (groupWidth + static_cast<int64_t>(sizeof(GroupFactors))); }
    int8_t *operator[](int64_t row) const { return reinterpret_cast<int8_t *>(first + row * stride); }
    GroupFactors *factors(int64_t row) const {
        return reinterpret_cast<GroupFactors *>(first + row * stride + groups() * groupWidth);
    }
};

#if defined(__x86_64__)
#define WITH_BYTE_PRODUCTS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

/// Some rows against a panel. Sums stay in registers: 24 of them with six rows.
template <int count>
WITH_BYTE_PRODUCTS void multiplyRows(
    const QuantizedRows &rows, int64_t row, const uint8_t *panel, int64_t width, float *result, int64_t stride) {
    __m512 low[count], high[count];
    const int8_t *bytes[count];
    const GroupFactors *factors[count];
#pragma unroll
    for (int i = 0; i < count; ++i) {
        low[i] = high[i] = _mm512_setzero_ps();
        bytes[i] = rows[row + i];
        factors[i] = rows.factors(row + i);
    }
    for (int64_t group = 0, groups = rows.groups(); group < groups; ++group, panel += groupBytes) {
        __m512i lowSums[count], highSums[count];
#pragma unroll
        for (int i = 0; i < count; ++i) lowSums[i] = highSums[i] = _mm512_set1_epi32(-128 * factors[i][group].sum);
        for (int64_t input = 0; input < groupWidth; input += 4) {
            auto first = _mm512_loadu_si512(panel + input * panelWidth), second = _mm512_loadu_si512(panel + input * panelWidth + 64);
#pragma unroll
            for (int i = 0; i < count; ++i) {
                int32_t four;
                std::memcpy(&four, bytes[i] + group * groupWidth + input, 4);
                auto repeated = _mm512_set1_epi32(four);
                lowSums[i] = _mm512_dpbusd_epi32(lowSums[i], first, repeated);
                highSums[i] = _mm512_dpbusd_epi32(highSums[i], second, repeated);
            }
        }
        auto *scales = reinterpret_cast<const float *>(panel + panelWidth * groupWidth);
        auto lowScales = _mm512_loadu_ps(scales), highScales = _mm512_loadu_ps(scales + 16);
#pragma unroll
        for (int i = 0; i < count; ++i) {
            auto scale = _mm512_set1_ps(factors[i][group].scale);
            low[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(lowSums[i]), _mm512_mul_ps(scale, lowScales), low[i]);
            high[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(highSums[i]), _mm512_mul_ps(scale, highScales), high[i]);
        }
    }
    auto mask = width >= panelWidth ? 0xffffffffu : (1u << width) - 1;
#pragma unroll
    for (int i = 0; i < count; ++i) {
        _mm512_mask_storeu_ps(result + i * stride, static_cast<__mmask16>(mask), low[i]);
        _mm512_mask_storeu_ps(result + i * stride + 16, static_cast<__mmask16>(mask >> 16), high[i]);
    }
}

using MultiplyRows = decltype(&multiplyRows<1>);
constexpr int64_t rowsAtOnce = 6;
constexpr MultiplyRows kernels[rowsAtOnce + 1] = {
    nullptr, multiplyRows<1>, multiplyRows<2>, multiplyRows<3>, multiplyRows<4>, multiplyRows<5>, multiplyRows<6>,
};

void multiplyPanel(const QuantizedRows &rows, const uint8_t *panel, int64_t width, float *result, int64_t stride) {
    for (int64_t row = 0; row < rows.count; row += rowsAtOnce)
        kernels[std::min(rowsAtOnce, rows.count - row)](rows, row, panel, width, result + row * stride, stride);
}
#else
void multiplyPanel(const QuantizedRows &, const uint8_t *, int64_t, float *, int64_t) {}
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

ct_status ct_int8_weight(ct_tensor weightHandle, ct_tensor *packed) {
    return guarded([&] {
        auto weight = borrowed(weightHandle);
        Rows<float> rows(weight);
        auto groups = groupCount(rows.width), panels = (rows.count + panelWidth - 1) / panelWidth;
        auto result = at::empty({panels, groups * groupBytes}, weight.options().dtype(at::kByte));
        auto *first = result.data_ptr<uint8_t>();
        inParallel(panels, 1, [&](int64_t begin, int64_t end) {
            int8_t bytes[groupWidth];
            for (auto panel = begin; panel < end; ++panel) {
                auto *place = first + panel * groups * groupBytes;
                std::memset(place, 0, groups * groupBytes);
                for (int64_t group = 0; group < groups; ++group, place += groupBytes) {
                    auto *scales = reinterpret_cast<float *>(place + panelWidth * groupWidth);
                    auto start = group * groupWidth, width = std::min(groupWidth, rows.width - start);
                    for (int64_t column = 0; column < std::min(panelWidth, rows.count - panel * panelWidth); ++column) {
                        int32_t sum;
                        scales[column] = quantize(rows[panel * panelWidth + column] + start, width, bytes, &sum);
                        // Behind the last input bytes of rows are zero: what they are multiplied by doesn't matter.
                        for (int64_t input = 0; input < width; ++input)
                            place[(input / 4 * panelWidth + column) * 4 + input % 4] = static_cast<uint8_t>(bytes[input] + 128);
                    }
                }
            }
        });
        *packed = owned(std::move(result));
    });
}

ct_status ct_int8_rows(ct_tensor xHandle, ct_tensor *output) {
    return guarded([&] {
        auto x = borrowed(xHandle);
        Rows<float> in(x);
        auto result = at::empty({in.count, QuantizedRows::bytes(in.width)}, x.options().dtype(at::kByte));
        QuantizedRows out(result);
        inParallel(in.count, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, in.width)), [&](int64_t begin, int64_t end) {
            for (auto row = begin; row < end; ++row) {
                std::fill(out[row] + in.width, out[row] + out.groups() * groupWidth, 0);
                for (int64_t group = 0; group < out.groups(); ++group) {
                    auto start = group * groupWidth;
                    auto &factors = out.factors(row)[group];
                    factors.scale = quantize(
                        in[row] + start, std::min(groupWidth, in.width - start), out[row] + start, &factors.sum);
                }
            }
        });
        *output = owned(std::move(result));
    });
}

ct_status ct_int8_multiply(ct_tensor resultHandle, ct_tensor rowsHandle, ct_tensor packedHandle) {
    return guarded([&] {
        TORCH_CHECK(ct_has_int8_products(), "this processor has no products of bytes");
        auto result = borrowed(resultHandle), quantized = borrowed(rowsHandle), packed = borrowed(packedHandle);
        QuantizedRows rows(quantized);
        Rows<float> out(result);
        auto panels = (out.width + panelWidth - 1) / panelWidth;
        TORCH_CHECK(
            out.count == rows.count && packed.dim() == 2 && packed.size(0) == panels &&
                packed.size(1) == rows.groups() * groupBytes,
            "rows of ", rows.groups(), " groups by a weight of shape ", packed.sizes(), " don't give ", result.sizes());
        auto *first = packed.data_ptr<uint8_t>();
        inParallel(panels, 1, [&](int64_t begin, int64_t end) {
            for (auto panel = begin; panel < end; ++panel) {
                auto column = panel * panelWidth;
                multiplyPanel(
                    rows, first + panel * packed.size(1), out.width - column, out.first + column, out.stride);
            }
        });
    });
}
