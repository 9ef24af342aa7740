// For loops that the compiler turns into vector code: one clone for each kind of processor, the right one picked when the
// program is loaded.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#if defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif
// Sums may be taken in any order: several accumulators at once.
#define SUMS_IN_ANY_ORDER _Pragma("clang fp reassociate(on) contract(fast)")

namespace ctorch {

/// e^x to within 2 ulp, without branches: 2^(n + f) with n an integer and f in [-½, ½].
inline float exponential(float x) {
    x = std::min(std::max(x, -87.3f), 88.7f);
    // Of NaN, which stays in r, a number that an integer can hold: std::max gives its first argument then.
    float n = std::nearbyint(std::max(-87.3f, x) * 1.44269504f);
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}
inline double exponential(double x) { return std::exp(x); }

}  // namespace ctorch
