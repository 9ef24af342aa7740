// The element-wise work of a decoder layer, and cross-entropy, in one pass over memory each: float32 or bfloat16 in memory,
// float32 in between. NVRTC compiles this text for the card at hand; no header is needed. Tests/CUDAEmulation compiles it as
// C++ and runs it on the host.
//
// A block works on one row; its threads take `width` neighbouring values at a time, 16 bytes where a row's place allows it.

typedef long long Count;

struct bfloat16 {
    unsigned short bits;
};

__device__ inline float widened(float value) { return value; }
__device__ inline float widened(bfloat16 value) { return __uint_as_float((unsigned)value.bits << 16); }

__device__ inline void narrow(float value, float &result) { result = value; }
/// To the nearest, ties to even; NaN stays NaN.
__device__ inline void narrow(float value, bfloat16 &result) {
    unsigned bits = __float_as_uint(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        result.bits = 0x7fc0;
    else
        result.bits = (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

/// Neighbouring values, moved as one.
template <class Real, int width>
struct alignas(sizeof(Real) * width) Pack {
    Real values[width];

    __device__ float operator[](int i) const { return widened(values[i]); }
    __device__ void set(int i, float value) { narrow(value, values[i]); }
};

template <int width, class Real>
__device__ inline Pack<Real, width> &pack(Real *row, Count i) {
    return *reinterpret_cast<Pack<Real, width> *>(row + i);
}
template <int width, class Real>
__device__ inline const Pack<Real, width> &pack(const Real *row, Count i) {
    return *reinterpret_cast<const Pack<Real, width> *>(row + i);
}

#define FOR_EACH_PACK(i, count) for (Count i = (Count)threadIdx.x * width; i < (count); i += (Count)blockDim.x * width)

struct Sum {
    static __device__ float of(float a, float b) { return a + b; }
    static __device__ float neutral() { return 0; }
};
struct Maximum {
    static __device__ float of(float a, float b) { return a > b ? a : b; }
    static __device__ float neutral() { return -3.4e38f; }
};

/// Over the block's threads, whole warps of them; every thread gets the result.
template <class Operation>
__device__ float reduced(float value) {
    __shared__ float ofWarps[32];
    unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (int distance = 16; distance > 0; distance /= 2)
        value = Operation::of(value, __shfl_xor_sync(0xffffffffu, value, distance));
    __syncthreads();  // until nobody reads what an earlier call left
    if (lane == 0) ofWarps[warp] = value;
    __syncthreads();
    value = lane < blockDim.x / 32 ? ofWarps[lane] : Operation::neutral();
    for (int distance = 16; distance > 0; distance /= 2)
        value = Operation::of(value, __shfl_xor_sync(0xffffffffu, value, distance));
    return value;
}

// MARK: RMSNorm

/// y = x · rsqrt(mean(x²) + ε) · w, and the factor; x += residual first, where there is one. All `[n, d]`.
template <int width, class Real>
__device__ void rmsNorm(
    Real *x, Count xStride, const Real *residual, Count residualStride, const Real *weight, Real *y, Count yStride,
    float *factors, Count d, float epsilon) {
    Count row = blockIdx.x;
    x += row * xStride, y += row * yStride;
    float squares = 0;
    FOR_EACH_PACK(i, d) {
        Pack<Real, width> values = pack<width>(x, i);
        if (residual) {
            const Pack<Real, width> &rest = pack<width>(residual + row * residualStride, i);
            for (int j = 0; j < width; ++j) values.set(j, values[j] + rest[j]);
            pack<width>(x, i) = values;
        }
        for (int j = 0; j < width; ++j) squares += values[j] * values[j];
    }
    float factor = 1 / sqrtf(reduced<Sum>(squares) / d + epsilon);
    FOR_EACH_PACK(i, d) {
        Pack<Real, width> values = pack<width>(x, i);
        const Pack<Real, width> &w = pack<width>(weight, i);
        for (int j = 0; j < width; ++j) values.set(j, values[j] * factor * w[j]);
        pack<width>(y, i) = values;
    }
    if (threadIdx.x == 0) factors[row] = factor;
}

/// The gradient with respect to x, plus the residual's where there is one.
template <int width, class Real>
__device__ void rmsNormBackward(
    const Real *gradient, Count gradientStride, const Real *x, Count xStride, const Real *weight, const float *factors,
    const Real *residual, Count residualStride, Real *result, Count resultStride, Count d) {
    Count row = blockIdx.x;
    gradient += row * gradientStride, x += row * xStride, result += row * resultStride;
    float dot = 0;
    FOR_EACH_PACK(i, d) {
        const Pack<Real, width> &g = pack<width>(gradient, i), &w = pack<width>(weight, i), &values = pack<width>(x, i);
        for (int j = 0; j < width; ++j) dot += g[j] * w[j] * values[j];
    }
    float factor = factors[row];
    float along = reduced<Sum>(dot) * factor * factor * factor / d;
    FOR_EACH_PACK(i, d) {
        const Pack<Real, width> &g = pack<width>(gradient, i), &w = pack<width>(weight, i), &values = pack<width>(x, i);
        Pack<Real, width> sum;
        for (int j = 0; j < width; ++j) {
            float own = g[j] * w[j] * factor - values[j] * along;
            sum.set(j, residual ? pack<width>(residual + row * residualStride, i)[j] + own : own);
        }
        pack<width>(result, i) = sum;
    }
}

// MARK: SwiGLU

/// silu(g) · u, where a row is g then u. `[n, 2f] → [n, f]`
template <int width, class Real>
__device__ void swiGLU(const Real *gateUp, Count stride, Real *result, Count resultStride, Count f) {
    const Real *gate = gateUp + blockIdx.x * stride;
    result += blockIdx.x * resultStride;
    FOR_EACH_PACK(i, f) {
        const Pack<Real, width> &g = pack<width>(gate, i), &u = pack<width>(gate + f, i);
        Pack<Real, width> product;
        for (int j = 0; j < width; ++j) product.set(j, g[j] / (1 + expf(-g[j])) * u[j]);
        pack<width>(result, i) = product;
    }
}

/// `[n, f] → [n, 2f]`
template <int width, class Real>
__device__ void swiGLUBackward(
    const Real *gradient, Count gradientStride, const Real *gateUp, Count stride, Real *result, Count resultStride, Count f) {
    const Real *gate = gateUp + blockIdx.x * stride;
    gradient += blockIdx.x * gradientStride, result += blockIdx.x * resultStride;
    FOR_EACH_PACK(i, f) {
        const Pack<Real, width> &g = pack<width>(gate, i), &u = pack<width>(gate + f, i), &outer = pack<width>(gradient, i);
        Pack<Real, width> ofGate, ofUp;
        for (int j = 0; j < width; ++j) {
            float sigmoid = 1 / (1 + expf(-g[j])), silu = g[j] * sigmoid;
            ofGate.set(j, outer[j] * u[j] * (sigmoid + silu * (1 - sigmoid)));
            ofUp.set(j, outer[j] * silu);
        }
        pack<width>(result, i) = ofGate;
        pack<width>(result + f, i) = ofUp;
    }
}

// MARK: Rotary positions

/// Turns every head of a row in place by its position's angle; `sign` −1 turns back. Row i stands at position i mod t.
/// `[n, heads · size]`; cosine, sine `[t, size]`, the same in both halves.
template <int width, class Real>
__device__ void rotate(
    Real *rows, Count stride, const float *cosine, const float *sine, Count positions, Count heads, Count size, float sign) {
    Real *row = rows + blockIdx.x * stride;
    Count half = size / 2, place = (blockIdx.x % positions) * size;
    FOR_EACH_PACK(i, heads * half) {
        Count at = i % half;
        Real *head = row + i / half * size + at;
        Pack<Real, width> &first = pack<width>(head, 0), &second = pack<width>(head, half);
        Pack<Real, width> real = first, imaginary = second;
        for (int j = 0; j < width; ++j) {
            float c = cosine[place + at + j], s = sign * sine[place + at + j];
            float turned = real[j] * c - imaginary[j] * s;
            imaginary.set(j, imaginary[j] * c + real[j] * s);
            real.set(j, turned);
        }
        first = real;
        second = imaginary;
    }
}

// MARK: Cross-entropy

/// Loss, log Z and, unless it is null, entropy of each row of logits `[n, v]` with its target `[n]`. A target that is no class
/// has the loss NaN.
///
/// One pass: sums are kept relative to the largest logit so far and scaled when a larger one comes. With p = exp(x − m),
/// H = log Σp − Σp·(x − m) / Σp.
template <int width, class Real>
__device__ void crossEntropy(
    const Real *logits, Count stride, const Count *targets, float *loss, float *normalizer, float *entropy, Count v) {
    const Real *row = logits + blockIdx.x * stride;
    float largest = Maximum::neutral(), sum = 0, weighted = 0;
    FOR_EACH_PACK(i, v) {
        const Pack<Real, width> values = pack<width>(row, i);
        float next = largest;
        for (int j = 0; j < width; ++j) next = Maximum::of(next, values[j]);
        float shift = largest - next, scale = expf(shift);
        weighted = (weighted + shift * sum) * scale;
        sum *= scale;
        largest = next;
        for (int j = 0; j < width; ++j) {
            float p = expf(values[j] - largest);
            sum += p;
            weighted += p * (values[j] - largest);
        }
    }
    float ofBlock = reduced<Maximum>(largest);
    float shift = largest - ofBlock, scale = expf(shift);
    weighted = reduced<Sum>((weighted + shift * sum) * scale);
    sum = reduced<Sum>(sum * scale);
    if (threadIdx.x != 0) return;
    Count target = targets[blockIdx.x];
    float z = ofBlock + logf(sum);
    normalizer[blockIdx.x] = z;
    loss[blockIdx.x] = target >= 0 && target < v ? z - widened(row[target]) : __uint_as_float(0x7fc00000u);
    if (entropy) entropy[blockIdx.x] = logf(sum) - weighted / sum;
}

/// Overwrites logits with softmax − one-hot. A target outside the columns is in another part of the classes.
template <int width, class Real>
__device__ void crossEntropyBackward(Real *logits, Count stride, const Count *targets, const float *normalizer, Count v) {
    Real *row = logits + blockIdx.x * stride;
    Count target = targets[blockIdx.x];
    float z = normalizer[blockIdx.x];
    FOR_EACH_PACK(i, v) {
        Pack<Real, width> values = pack<width>(row, i);
        for (int j = 0; j < width; ++j) values.set(j, expf(values[j] - z) - (i + j == target ? 1.0f : 0.0f));
        pack<width>(row, i) = values;
    }
}

// MARK: Dropout

/// SplitMix64's finalizer after one step of its sequence.
__device__ inline unsigned long long mixed(unsigned long long value) {
    value += 0x9e3779b97f4a7c15ull;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    return value ^ (value >> 31);
}

/// Rows dropped as CTorch/Dropout.cpp drops them: of 65,536 values `dropped`, by a hash of the key, the row and the column. With a `place`
/// the key is what lies there, mixed with `key`.
template <int width, class Real>
__device__ void dropout(
    const Real *x, Count stride, Real *y, Count yStride, Count d, const unsigned long long *place, unsigned long long key,
    Count firstRow, Count dropped) {
    if (place != nullptr) key = mixed(*place ^ key);
    unsigned long long keys = mixed(key ^ mixed((unsigned long long)(firstRow + blockIdx.x)));
    unsigned first = (unsigned)keys, second = (unsigned)(keys >> 32);
    float scale = 65536.0f / (float)(65536 - dropped);
    x += blockIdx.x * stride, y += blockIdx.x * yStride;
    FOR_EACH_PACK(i, d) {
        Pack<Real, width> values = pack<width>(x, i);
        for (int j = 0; j < width; ++j) {
            unsigned column = (unsigned)(i + j);
            unsigned bits = (column / 32 * 16 + column % 16) * 0x9e3779b1u ^ first;
            bits = (bits ^ (bits >> 16)) * 0x7feb352du ^ second;
            bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
            bits ^= bits >> 16;
            values.set(j, (Count)(column % 32 < 16 ? bits & 0xffffu : bits >> 16) >= dropped ? values[j] * scale : 0.0f);
        }
        pack<width>(y, i) = values;
    }
}

// MARK: What is launched: `<kernel>_<type>_<width>`

// At most what CUDARowKernels starts of a block's threads; without it a kernel may be given more registers than so many have.
#define LAUNCHED __launch_bounds__(512)

#define INSTANCES(Real, name, width)                                                                                           \
    extern "C" __global__ void LAUNCHED rmsNorm_##name##_##width(                                                              \
        Real *x, Count xStride, const Real *residual, Count residualStride, const Real *weight, Real *y, Count yStride,        \
        float *factors, Count d, float epsilon) {                                                                              \
        rmsNorm<width>(x, xStride, residual, residualStride, weight, y, yStride, factors, d, epsilon);                         \
    }                                                                                                                          \
    extern "C" __global__ void LAUNCHED rmsNormBackward_##name##_##width(                                                      \
        const Real *gradient, Count gradientStride, const Real *x, Count xStride, const Real *weight, const float *factors,    \
        const Real *residual, Count residualStride, Real *result, Count resultStride, Count d) {                               \
        rmsNormBackward<width>(                                                                                                \
            gradient, gradientStride, x, xStride, weight, factors, residual, residualStride, result, resultStride, d);         \
    }                                                                                                                          \
    extern "C" __global__ void LAUNCHED swiGLU_##name##_##width(                                                               \
        const Real *gateUp, Count stride, Real *result, Count resultStride, Count f) {                                         \
        swiGLU<width>(gateUp, stride, result, resultStride, f);                                                                \
    }                                                                                                                          \
    extern "C" __global__ void LAUNCHED swiGLUBackward_##name##_##width(                                                       \
        const Real *gradient, Count gradientStride, const Real *gateUp, Count stride, Real *result, Count resultStride,        \
        Count f) {                                                                                                             \
        swiGLUBackward<width>(gradient, gradientStride, gateUp, stride, result, resultStride, f);                              \
    }                                                                                                                          \
    extern "C" __global__ void LAUNCHED rotate_##name##_##width(                                                               \
        Real *rows, Count stride, const float *cosine, const float *sine, Count positions, Count heads, Count size,            \
        float sign) {                                                                                                          \
        rotate<width>(rows, stride, cosine, sine, positions, heads, size, sign);                                               \
    }                                                                                                                          \
    extern "C" __global__ void LAUNCHED crossEntropy_##name##_##width(                                                         \
        const Real *logits, Count stride, const Count *targets, float *loss, float *normalizer, float *entropy, Count v) {     \
        crossEntropy<width>(logits, stride, targets, loss, normalizer, entropy, v);                                            \
    }                                                                                                                          \
    extern "C" __global__ void LAUNCHED crossEntropyBackward_##name##_##width(                                                 \
        Real *logits, Count stride, const Count *targets, const float *normalizer, Count v) {                                  \
        crossEntropyBackward<width>(logits, stride, targets, normalizer, v);                                                   \
    }                                                                                                                          \
    extern "C" __global__ void LAUNCHED dropout_##name##_##width(                                                              \
        const Real *x, Count stride, Real *y, Count yStride, Count d, const unsigned long long *place, unsigned long long key, \
        Count firstRow, Count dropped) {                                                                                       \
        dropout<width>(x, stride, y, yStride, d, place, key, firstRow, dropped);                                               \
    }

INSTANCES(float, float32, 4)
INSTANCES(float, float32, 1)
INSTANCES(bfloat16, bfloat16, 8)
INSTANCES(bfloat16, bfloat16, 1)
