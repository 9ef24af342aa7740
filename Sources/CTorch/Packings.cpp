// Each way of packing a row of a frozen weight, and the loop that widens it. `Packed.cpp` multiplies by them.
//
// GGUF's blocks of 32 inputs lie as in the file; `ElementType+Decoding.swift` describes them. A factor of 11 digits times a quant of 8 is
// exact in float32, so these loops and those give the same bits, fused or not.
//
// NF4 (Dettmers et al. 2023, arXiv:2305.14314): each 64 inputs of a row share the largest magnitude among them, a float32; an input is the
// number of one of 16 quantiles of a normal distribution. A block is the float, then for each 32 inputs 16 bytes: low halves are the
// first 16 inputs, high halves the others. The absolute maxima are not quantized a second time.
//
// int8, a scale a row (Dettmers et al. 2022, arXiv:2208.07339, without its outliers): a float32, the largest magnitude over 127, then bytes.
#include "Packed.h"

#include <c10/util/Exception.h>

#include <array>
#include <cstring>

#include "Processor.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace ctorch;

namespace {

/// QLoRA's appendix E: the quantiles, from 0.
constexpr float quantiles[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
    -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f,
};
constexpr int64_t normalBlock = 64, normalBytes = sizeof(float) + normalBlock / 2;

inline uint16_t half(const uint8_t *bytes) {
    uint16_t bits;
    std::memcpy(&bits, bytes, 2);
    return bits;
}

inline float single(const uint8_t *bytes) {
    float value;
    std::memcpy(&value, bytes, 4);
    return value;
}

/// An IEEE binary16, widened exactly, in operations that vectorise on any processor.
inline float fromHalf(uint16_t half) {
    uint32_t bits = half;
    // The exponent moves into place unbiased; the product adds 127 − 15, and normalizes subnormals.
    float magnitude = std::bit_cast<float>((bits & 0x7fffu) << 13) * 0x1p112f;
    uint32_t special = magnitude >= 0x1p16f ? 0x7f800000u : 0;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | special | (bits & 0x8000u) << 16);
}

#define WIDEN                                                                                                                  \
    const uint8_t *bytes, int64_t stride, int64_t rows, int64_t start, int64_t count, float *values, int64_t valueStride

FOR_EACH_PROCESSOR void widenFloats(WIDEN) {
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride)
        std::memcpy(values, bytes + 4 * start, 4 * count);
}

FOR_EACH_PROCESSOR void widenBrainFloats(WIDEN) {
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride)
        for (int64_t i = 0; i < count; ++i)
            values[i] = std::bit_cast<float>(static_cast<uint32_t>(half(bytes + 2 * (start + i))) << 16);
}

FOR_EACH_PROCESSOR void widenHalves(WIDEN) {
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride)
        for (int64_t i = 0; i < count; ++i) values[i] = fromHalf(half(bytes + 2 * (start + i)));
}

FOR_EACH_PROCESSOR void widenQ8_0(WIDEN) {
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride) {
        const uint8_t *block = bytes + start / 32 * 34;
        for (int64_t first = 0; first < count; first += 32, block += 34) {
            float scale = fromHalf(half(block));
            auto *quants = reinterpret_cast<const int8_t *>(block + 2);
            for (int64_t i = 0; i < 32; ++i) values[first + i] = scale * static_cast<float>(quants[i]);
        }
    }
}

FOR_EACH_PROCESSOR void widenQ4_0(WIDEN) {
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride) {
        const uint8_t *block = bytes + start / 32 * 18;
        for (int64_t first = 0; first < count; first += 32, block += 18) {
            float scale = fromHalf(half(block));
            for (int64_t i = 0; i < 16; ++i) values[first + i] = scale * static_cast<float>((block[2 + i] & 15) - 8);
            for (int64_t i = 0; i < 16; ++i) values[first + 16 + i] = scale * static_cast<float>((block[2 + i] >> 4) - 8);
        }
    }
}

FOR_EACH_PROCESSOR void widenQ4_1(WIDEN) {
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride) {
        const uint8_t *block = bytes + start / 32 * 20;
        for (int64_t first = 0; first < count; first += 32, block += 20) {
            float scale = fromHalf(half(block)), least = fromHalf(half(block + 2));
            for (int64_t i = 0; i < 16; ++i) values[first + i] = scale * static_cast<float>(block[4 + i] & 15) + least;
            for (int64_t i = 0; i < 16; ++i) values[first + 16 + i] = scale * static_cast<float>(block[4 + i] >> 4) + least;
        }
    }
}

FOR_EACH_PROCESSOR void widenInt8(WIDEN) {
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride) {
        float scale = single(bytes);
        auto *quants = reinterpret_cast<const int8_t *>(bytes + sizeof(float) + start);
        for (int64_t i = 0; i < count; ++i) values[i] = scale * static_cast<float>(quants[i]);
    }
}

/// 32 inputs of a block of NF4, or the first few of them.
inline void widenQuantiles(const uint8_t *halves, float largest, int64_t count, float *values) {
    for (int64_t i = 0; i < count; ++i)
        values[i] = largest * quantiles[i < 16 ? halves[i] & 15 : halves[i - 16] >> 4];
}

#if defined(__x86_64__)
/// A register holds all 16 quantiles, and one instruction looks 16 inputs up.
__attribute__((target("avx512f"))) inline void widenQuantilesAtOnce(const uint8_t *halves, float largest, float *values) {
    auto scaled = _mm512_mul_ps(_mm512_loadu_ps(quantiles), _mm512_set1_ps(largest));
    auto indices = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(halves)));
    // The lookup takes the lowest four bits of an index.
    _mm512_storeu_ps(values, _mm512_permutexvar_ps(indices, scaled));
    _mm512_storeu_ps(values + 16, _mm512_permutexvar_ps(_mm512_srli_epi32(indices, 4), scaled));
}

__attribute__((target("avx512f"))) void widenNormalAtOnce(WIDEN) {
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride)
        for (int64_t first = 0; first < count; first += 32) {
            auto input = start + first;
            const uint8_t *block = bytes + input / normalBlock * normalBytes;
            const uint8_t *halves = block + sizeof(float) + input % normalBlock / 2;
            if (first + 32 <= count)
                widenQuantilesAtOnce(halves, single(block), values + first);
            else
                widenQuantiles(halves, single(block), count - first, values + first);
        }
}
#endif

void widenNormal(WIDEN) {
#if defined(__x86_64__)
    static const bool atOnce = __builtin_cpu_supports("avx512f");
    if (atOnce) return widenNormalAtOnce(bytes, stride, rows, start, count, values, valueStride);
#endif
    for (int64_t row = 0; row < rows; ++row, bytes += stride, values += valueStride)
        for (int64_t first = 0; first < count; first += 32) {
            auto input = start + first;
            const uint8_t *block = bytes + input / normalBlock * normalBytes;
            widenQuantiles(
                block + sizeof(float) + input % normalBlock / 2, single(block), std::min<int64_t>(32, count - first),
                values + first);
        }
}

/// Of the bits without the sign: infinity is larger than any number so, and NaN than infinity.
float largestMagnitude(const float *values, int64_t count) {
    int32_t largest = 0;
    for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::bit_cast<int32_t>(values[i]) & 0x7fffffff);
    return std::bit_cast<float>(largest);
}

/// Where the largest isn't finite, neither is the scale, and what is widened is NaN: it shows.
void packInt8(const float *values, int64_t count, uint8_t *bytes) {
    float scale = largestMagnitude(values, count) / 127;
    std::memcpy(bytes, &scale, sizeof scale);
    auto *quants = reinterpret_cast<int8_t *>(bytes + sizeof scale);
    // Of the least numbers the reciprocal is infinite: they are zero.
    bool isSane = std::isfinite(scale) && std::isfinite(1 / scale);
    for (int64_t i = 0; i < count; ++i)
        quants[i] = isSane ? static_cast<int8_t>(std::clamp(std::nearbyint(values[i] / scale), -127.0f, 127.0f)) : 0;
}

/// The nearest quantile: how many of the points half way between two are less.
uint8_t nearest(float value) {
    static const auto between = [] {
        std::array<float, 15> points;
        for (size_t i = 0; i < points.size(); ++i) points[i] = (quantiles[i] + quantiles[i + 1]) / 2;
        return points;
    }();
    size_t place = value > between[7] ? 8 : 0;
    for (size_t step : {4, 2, 1}) place += value > between[place + step - 1] ? step : 0;
    return static_cast<uint8_t>(place);
}

void packNormal(const float *values, int64_t count, uint8_t *bytes) {
    constexpr uint8_t zero = 7;
    for (int64_t start = 0; start < count; start += normalBlock, bytes += normalBytes) {
        auto size = std::min(normalBlock, count - start);
        float largest = largestMagnitude(values + start, size);
        std::memcpy(bytes, &largest, sizeof largest);
        std::memset(bytes + sizeof largest, zero | zero << 4, normalBlock / 2);
        if (!(std::isfinite(largest) && std::isfinite(1 / largest))) continue;
        for (int64_t i = 0; i < size; ++i) {
            auto code = nearest(values[start + i] / largest);
            auto &byte = bytes[sizeof largest + i / 32 * 16 + i % 16];
            byte = static_cast<uint8_t>(i % 32 < 16 ? (byte & 0xf0) | code : (byte & 0x0f) | code << 4);
        }
    }
}

void packFloats(const float *values, int64_t count, uint8_t *bytes) { std::memcpy(bytes, values, 4 * count); }

}  // namespace

const Packing &ctorch::packing(ct_packing kind) {
    static const Packing floats{4, 1, 0, widenFloats, packFloats}, brainFloats{2, 1, 0, widenBrainFloats, nullptr},
        halves{2, 1, 0, widenHalves, nullptr}, q8_0{34, 32, 0, widenQ8_0, nullptr}, q4_0{18, 32, 0, widenQ4_0, nullptr},
        q4_1{20, 32, 0, widenQ4_1, nullptr}, int8{1, 1, sizeof(float), widenInt8, packInt8},
        normal{normalBytes, normalBlock, 0, widenNormal, packNormal};
    switch (kind) {
    case ct_packing_float32: return floats;
    case ct_packing_bfloat16: return brainFloats;
    case ct_packing_float16: return halves;
    case ct_packing_q8_0: return q8_0;
    case ct_packing_q4_0: return q4_0;
    case ct_packing_q4_1: return q4_1;
    case ct_packing_int8_rows: return int8;
    case ct_packing_nf4: return normal;
    }
    TORCH_CHECK(false, "no packing ", static_cast<int>(kind));
}
