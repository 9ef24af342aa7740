// The element-wise work of a decoder layer, one pass over memory each. Loops are plain; the compiler vectorises them.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <limits>

#include "Guard.h"
#include "Processor.h"
#include "Rows.h"

using namespace ctorch;

namespace {

/// Terms of a long sum that are added in `Real` before they are added in double.
constexpr int64_t sumBlock = 512;

// MARK: One row. `Real` is float (cloned for each processor) or double (for tests by finite differences). Sums that decide a whole
// row are double in either case: in float their rounding was a good part of a gradient's.

#define ROW_KERNELS(Real, CLONES)                                                                                              \
    CLONES Real rmsNormRow(const Real *x, const Real *w, Real *y, int64_t d, double epsilon) {                                 \
        SUMS_IN_ANY_ORDER                                                                                                      \
        double squares = 0;                                                                                                    \
        for (int64_t i = 0; i < d; ++i) squares += static_cast<double>(x[i]) * x[i];                                           \
        Real factor = static_cast<Real>(1 / std::sqrt(squares / d + epsilon));                                                 \
        for (int64_t i = 0; i < d; ++i) y[i] = x[i] * factor * w[i];                                                           \
        return factor;                                                                                                         \
    }                                                                                                                          \
    CLONES void rmsNormBackwardRow(                                                                                            \
        const Real *g, const Real *x, const Real *w, Real factor, const Real *residual, Real *result, int64_t d) {             \
        SUMS_IN_ANY_ORDER                                                                                                      \
        double dot = 0;                                                                                                        \
        for (int64_t i = 0; i < d; ++i) dot += static_cast<double>(g[i]) * w[i] * x[i];                                        \
        Real along = static_cast<Real>(dot * factor * factor * factor / d);                                                    \
        if (residual)                                                                                                          \
            for (int64_t i = 0; i < d; ++i) result[i] = residual[i] + g[i] * w[i] * factor - x[i] * along;                     \
        else                                                                                                                   \
            for (int64_t i = 0; i < d; ++i) result[i] = g[i] * w[i] * factor - x[i] * along;                                   \
    }                                                                                                                          \
    CLONES void swigluRow(const Real *gate, const Real *up, Real *result, int64_t f) {                                         \
        for (int64_t i = 0; i < f; ++i) result[i] = gate[i] / (1 + exponential(-gate[i])) * up[i];                             \
    }                                                                                                                          \
    CLONES void swigluBackwardRow(                                                                                             \
        const Real *g, const Real *gate, const Real *up, Real *gateResult, Real *upResult, int64_t f) {                        \
        for (int64_t i = 0; i < f; ++i) {                                                                                      \
            Real sigmoid = 1 / (1 + exponential(-gate[i]));                                                                    \
            Real silu = gate[i] * sigmoid;                                                                                     \
            gateResult[i] = g[i] * up[i] * (sigmoid + silu * (1 - sigmoid));                                                   \
            upResult[i] = g[i] * silu;                                                                                         \
        }                                                                                                                      \
    }                                                                                                                          \
    CLONES void rotateRow(Real *head, const Real *cosine, const Real *sine, int64_t half, Real sign) {                         \
        for (int64_t i = 0; i < half; ++i) {                                                                                   \
            Real real = head[i], imaginary = head[i + half];                                                                   \
            head[i] = real * cosine[i] - sign * imaginary * sine[i];                                                           \
            head[i + half] = imaginary * cosine[i] + sign * real * sine[i];                                                    \
        }                                                                                                                      \
    }                                                                                                                          \
    CLONES void crossEntropyRow(const Real *logits, int64_t v, bool wantsEntropy, Real *normalizer, Real *entropy) {           \
        SUMS_IN_ANY_ORDER                                                                                                      \
        Real maximum = -std::numeric_limits<Real>::infinity();                                                                 \
        for (int64_t i = 0; i < v; ++i) maximum = logits[i] > maximum ? logits[i] : maximum;                                   \
        double total = 0, totalWeighted = 0;                                                                                   \
        for (int64_t start = 0; start < v; start += sumBlock) {                                                                \
            int64_t end = std::min(v, start + sumBlock);                                                                       \
            Real sum = 0, weighted = 0;                                                                                        \
            if (wantsEntropy)                                                                                                  \
                for (int64_t i = start; i < end; ++i) {                                                                        \
                    Real p = exponential(logits[i] - maximum);                                                                 \
                    sum += p;                                                                                                  \
                    weighted += p * (logits[i] - maximum);                                                                     \
                }                                                                                                              \
            else                                                                                                               \
                for (int64_t i = start; i < end; ++i) sum += exponential(logits[i] - maximum);                                 \
            total += sum;                                                                                                      \
            totalWeighted += weighted;                                                                                         \
        }                                                                                                                      \
        *normalizer = static_cast<Real>(maximum + std::log(total));                                                            \
        if (wantsEntropy) *entropy = static_cast<Real>(std::log(total) - totalWeighted / total);                               \
    }                                                                                                                          \
    CLONES void softmaxRow(Real *logits, int64_t v, Real normalizer) {                                                         \
        for (int64_t i = 0; i < v; ++i) logits[i] = exponential(logits[i] - normalizer);                                       \
    }

ROW_KERNELS(float, FOR_EACH_PROCESSOR)
ROW_KERNELS(double, )

// MARK: All rows

/// Rows a thread takes at once: enough work to be worth waking it.
int64_t grain(int64_t width) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width)); }

}  // namespace

ct_status ct_rms_norm(ct_tensor xHandle, ct_tensor weightHandle, double epsilon, ct_tensor *y, ct_tensor *factor) {
    return guarded([&] {
        auto x = borrowed(xHandle), weight = borrowed(weightHandle);
        auto result = at::empty(x.sizes(), x.options());
        auto factors = at::empty({x.size(0)}, x.options());
        forReal(x, [&]<class Real>() {
            Rows<Real> in(x), out(result);
            auto *w = vector<Real>(weight, in.width);
            auto *f = vector<Real>(factors, in.count);
            inParallel(in.count, grain(in.width), [&](int64_t begin, int64_t end) {
                for (auto row = begin; row < end; ++row)
                    f[row] = rmsNormRow(in[row], w, out[row], in.width, epsilon);
            });
        });
        *y = owned(std::move(result));
        *factor = owned(std::move(factors));
    });
}

ct_status ct_rms_norm_backward(
    ct_tensor gradientHandle, ct_tensor xHandle, ct_tensor weightHandle, ct_tensor factorHandle, ct_tensor residualHandle,
    ct_tensor *output) {
    return guarded([&] {
        auto gradient = borrowed(gradientHandle), x = borrowed(xHandle), weight = borrowed(weightHandle);
        auto factors = borrowed(factorHandle), residual = borrowed(residualHandle);
        auto result = at::empty(x.sizes(), x.options());
        forReal(x, [&]<class Real>() {
            Rows<Real> g(gradient), in(x), out(result), rest(residual.defined() ? residual : result);
            auto *w = vector<Real>(weight, in.width);
            auto *f = vector<Real>(factors, in.count);
            TORCH_CHECK(g.count == in.count && g.width == in.width, "the gradient has shape ", gradient.sizes());
            TORCH_CHECK(rest.count == in.count && rest.width == in.width, "the residual has shape ", residual.sizes());
            inParallel(in.count, grain(in.width), [&](int64_t begin, int64_t end) {
                for (auto row = begin; row < end; ++row)
                    rmsNormBackwardRow(
                        g[row], in[row], w, f[row], residual.defined() ? rest[row] : nullptr, out[row], in.width);
            });
        });
        *output = owned(std::move(result));
    });
}

ct_status ct_swiglu(ct_tensor handle, ct_tensor *output) {
    return guarded([&] {
        auto gateUp = borrowed(handle);
        auto inner = gateUp.size(1) / 2;
        auto result = at::empty({gateUp.size(0), inner}, gateUp.options());
        forReal(gateUp, [&]<class Real>() {
            Rows<Real> in(gateUp), out(result);
            inParallel(in.count, grain(in.width), [&](int64_t begin, int64_t end) {
                for (auto row = begin; row < end; ++row) swigluRow(in[row], in[row] + inner, out[row], inner);
            });
        });
        *output = owned(std::move(result));
    });
}

ct_status ct_swiglu_backward(ct_tensor gradientHandle, ct_tensor handle, ct_tensor *output) {
    return guarded([&] {
        auto gradient = borrowed(gradientHandle), gateUp = borrowed(handle);
        auto inner = gateUp.size(1) / 2;
        auto result = at::empty(gateUp.sizes(), gateUp.options());
        forReal(gateUp, [&]<class Real>() {
            Rows<Real> g(gradient), in(gateUp), out(result);
            TORCH_CHECK(g.count == in.count && g.width == inner, "the gradient has shape ", gradient.sizes());
            inParallel(in.count, grain(in.width), [&](int64_t begin, int64_t end) {
                for (auto row = begin; row < end; ++row)
                    swigluBackwardRow(g[row], in[row], in[row] + inner, out[row], out[row] + inner, inner);
            });
        });
        *output = owned(std::move(result));
    });
}

ct_status ct_rotate(ct_tensor handle, ct_tensor cosineHandle, ct_tensor sineHandle, bool inverse) {
    return guarded([&] {
        auto tensor = borrowed(handle), cosine = borrowed(cosineHandle), sine = borrowed(sineHandle);
        forReal(tensor, [&]<class Real>() {
            Rows<Real> rows(tensor), cosines(cosine), sines(sine);
            auto size = cosines.width;
            TORCH_CHECK(
                rows.width % size == 0 && rows.count % cosines.count == 0 && sine.sizes() == cosine.sizes(), "rows of shape ",
                tensor.sizes(), " can't be turned by angles of shape ", cosine.sizes());
            inParallel(rows.count, grain(rows.width), [&](int64_t begin, int64_t end) {
                for (auto row = begin; row < end; ++row)
                    for (int64_t head = 0; head < rows.width; head += size)
                        rotateRow(
                            rows[row] + head, cosines[row % cosines.count], sines[row % cosines.count], size / 2,
                            static_cast<Real>(inverse ? -1 : 1));
            });
        });
    });
}

ct_status ct_cross_entropy(
    ct_tensor logitsHandle, ct_tensor targetsHandle, ct_tensor *loss, ct_tensor *normalizer, ct_tensor *entropy) {
    return guarded([&] {
        auto logits = borrowed(logitsHandle), targets = borrowed(targetsHandle);
        auto losses = at::empty({logits.size(0)}, logits.options());
        auto normalizers = at::empty_like(losses);
        auto entropies = entropy ? at::empty_like(losses) : at::Tensor();
        forReal(logits, [&]<class Real>() {
            Rows<Real> rows(logits);
            auto *target = vector<int64_t>(targets, rows.count);
            auto *l = vector<Real>(losses, rows.count), *z = vector<Real>(normalizers, rows.count);
            auto *h = entropy ? vector<Real>(entropies, rows.count) : nullptr;
            for (int64_t row = 0; row < rows.count; ++row)
                TORCH_CHECK(
                    target[row] >= 0 && target[row] < rows.width, "target ", target[row], " is not one of ", rows.width,
                    " classes");
            inParallel(rows.count, grain(rows.width), [&](int64_t begin, int64_t end) {
                for (auto row = begin; row < end; ++row) {
                    crossEntropyRow(rows[row], rows.width, h != nullptr, &z[row], h ? &h[row] : nullptr);
                    l[row] = z[row] - rows[row][target[row]];
                }
            });
        });
        *loss = owned(std::move(losses));
        *normalizer = owned(std::move(normalizers));
        if (entropy) *entropy = owned(std::move(entropies));
    });
}

ct_status ct_cross_entropy_backward(ct_tensor logitsHandle, ct_tensor targetsHandle, ct_tensor normalizerHandle) {
    return guarded([&] {
        auto logits = borrowed(logitsHandle), targets = borrowed(targetsHandle), normalizers = borrowed(normalizerHandle);
        forReal(logits, [&]<class Real>() {
            Rows<Real> rows(logits);
            auto *target = vector<int64_t>(targets, rows.count);
            auto *z = vector<Real>(normalizers, rows.count);
            inParallel(rows.count, grain(rows.width), [&](int64_t begin, int64_t end) {
                for (auto row = begin; row < end; ++row) {
                    softmaxRow(rows[row], rows.width, z[row]);
                    if (target[row] >= 0 && target[row] < rows.width) rows[row][target[row]] -= 1;
                }
            });
        });
    });
}
