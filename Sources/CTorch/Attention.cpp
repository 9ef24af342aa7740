// Causal attention, forward and backward, over queries, keys and values as the projection left them: side by side in a row.
//
// A block of queries at a time against all keys up to its last one (softmax needs no second pass over memory then, since a
// block's scores are small: 64 × length). Heads of a group read the same keys and add to the same gradients, so nothing is
// repeated or summed afterwards. A thread takes a group of one sequence.
#include <ATen/ops/empty.h>

#include <limits>
#include <vector>

#include "Guard.h"
#include "Processor.h"
#include "Products.h"
#include "Rows.h"

using namespace ctorch;

namespace {

/// Queries at a time.
constexpr int64_t blockRows = 64;

#define ATTENTION_ROWS(Real, CLONES)                                                                                           \
    /* Overwrites the first `seen` scores with e^(scale · (score − max)), the others up to `width` with 0; gives their sum.  */ \
    CLONES Real exponentialRow(Real *scores, int64_t seen, int64_t width, Real scale, Real *normalizer) {                      \
        SUMS_IN_ANY_ORDER                                                                                                      \
        Real maximum = -std::numeric_limits<Real>::infinity(), sum = 0;                                                        \
        for (int64_t i = 0; i < seen; ++i) maximum = scores[i] > maximum ? scores[i] : maximum;                                \
        for (int64_t i = 0; i < seen; ++i) {                                                                                   \
            scores[i] = exponential(scale * (scores[i] - maximum));                                                            \
            sum += scores[i];                                                                                                  \
        }                                                                                                                      \
        for (int64_t i = seen; i < width; ++i) scores[i] = 0;                                                                  \
        *normalizer = scale * maximum + std::log(sum);                                                                         \
        return sum;                                                                                                            \
    }                                                                                                                          \
    CLONES void scaleRow(Real *row, int64_t width, Real factor) {                                                              \
        for (int64_t i = 0; i < width; ++i) row[i] *= factor;                                                                  \
    }                                                                                                                          \
    /* From scores to probabilities, and from the probabilities' gradients to those of the scores.                           */ \
    CLONES void softmaxBackwardRow(                                                                                            \
        Real *scores, Real *gradients, int64_t seen, int64_t width, Real scale, Real normalizer, const Real *outer,            \
        const Real *output, int64_t size) {                                                                                    \
        SUMS_IN_ANY_ORDER                                                                                                      \
        Real mean = 0;                                                                                                         \
        for (int64_t i = 0; i < size; ++i) mean += outer[i] * output[i];                                                       \
        for (int64_t i = 0; i < seen; ++i) {                                                                                   \
            scores[i] = exponential(scale * scores[i] - normalizer);                                                           \
            gradients[i] = scores[i] * (gradients[i] - mean) * scale;                                                          \
        }                                                                                                                      \
        for (int64_t i = seen; i < width; ++i) scores[i] = gradients[i] = 0;                                                   \
    }

ATTENTION_ROWS(float, FOR_EACH_PROCESSOR)
ATTENTION_ROWS(double, )

/// Where things lie in a row.
struct Layout {
    int64_t heads, keyValueHeads, length, size, sequences;

    Layout(const at::Tensor &qkv, int64_t heads, int64_t keyValueHeads, int64_t length)
        : heads(heads), keyValueHeads(keyValueHeads), length(length) {
        TORCH_CHECK(
            qkv.dim() == 2 && keyValueHeads > 0 && heads % keyValueHeads == 0 && length > 0 &&
                qkv.size(1) % (heads + 2 * keyValueHeads) == 0 && qkv.size(0) % length == 0,
            "rows of shape ", qkv.sizes(), " aren't sequences of ", length, " with ", heads, " heads and ", keyValueHeads,
            " key-value heads");
        size = qkv.size(1) / (heads + 2 * keyValueHeads);
        sequences = qkv.size(0) / length;
    }

    int64_t query(int64_t head) const { return head * size; }
    int64_t key(int64_t group) const { return (heads + group) * size; }
    int64_t value(int64_t group) const { return (heads + keyValueHeads + group) * size; }

    /// On each of libtorch's threads: what `prepare` gives, with memory of its own, is called with a sequence's first row and a
    /// group.
    template <class Prepare>
    void forEachGroup(Prepare &&prepare) const {
        inParallel(sequences * keyValueHeads, 1, [&](int64_t begin, int64_t end) {
            auto body = prepare();
            for (auto unit = begin; unit < end; ++unit) body(unit / keyValueHeads * length, unit % keyValueHeads);
        });
    }

    /// Calls `body(head, block's first row, rows, keys seen)` for the blocks of a group.
    template <class Body>
    void forEachBlock(int64_t group, Body &&body) const {
        auto groupSize = heads / keyValueHeads;
        for (auto head = group * groupSize; head < (group + 1) * groupSize; ++head)
            for (int64_t start = 0; start < length; start += blockRows) {
                auto rows = std::min(blockRows, length - start);
                body(head, start, rows, start + rows);
            }
    }
};

}  // namespace

ct_status ct_attention(
    ct_tensor qkvHandle, int64_t heads, int64_t keyValueHeads, int64_t length, ct_tensor *output, ct_tensor *normalizer) {
    return guarded([&] {
        auto qkv = borrowed(qkvHandle);
        Layout layout(qkv, heads, keyValueHeads, length);
        auto size = layout.size;
        auto result = at::empty({qkv.size(0), heads * size}, qkv.options());
        auto normalizers = at::empty({qkv.size(0), heads}, qkv.options());
        forReal(qkv, [&]<class Real>() {
            Rows<Real> in(qkv), out(result), z(normalizers);
            auto scale = 1 / std::sqrt(static_cast<Real>(size));
            layout.forEachGroup([&] {
                return [&, keys = std::vector<Real>(size * length), scores = std::vector<Real>(blockRows * length)](
                           int64_t first, int64_t group) mutable {
                    transpose(in[first] + layout.key(group), in.stride, length, size, keys.data(), length);
                    auto *values = in[first] + layout.value(group);
                    layout.forEachBlock(group, [&](int64_t head, int64_t start, int64_t rows, int64_t seen) {
                        auto top = first + start;
                        auto *place = out[top] + head * size;
                        multiply(
                            rows, seen, size, in[top] + layout.query(head), in.stride, keys.data(), length, scores.data(),
                            length, false);
                        Real sums[blockRows];
                        for (int64_t row = 0; row < rows; ++row)
                            sums[row] = exponentialRow(
                                &scores[row * length], start + row + 1, seen, scale, &z[top + row][head]);
                        multiply(rows, size, seen, scores.data(), length, values, in.stride, place, out.stride, false);
                        for (int64_t row = 0; row < rows; ++row) scaleRow(place + row * out.stride, size, 1 / sums[row]);
                    });
                };
            });
        });
        *output = owned(std::move(result));
        *normalizer = owned(std::move(normalizers));
    });
}

ct_status ct_attention_backward(
    ct_tensor gradientHandle, ct_tensor qkvHandle, ct_tensor outputHandle, ct_tensor normalizerHandle, int64_t heads,
    int64_t keyValueHeads, int64_t length, ct_tensor *result) {
    return guarded([&] {
        auto gradient = borrowed(gradientHandle), qkv = borrowed(qkvHandle), output = borrowed(outputHandle);
        auto normalizers = borrowed(normalizerHandle);
        Layout layout(qkv, heads, keyValueHeads, length);
        auto size = layout.size;
        TORCH_CHECK(gradient.sizes() == output.sizes(), "the gradient has shape ", gradient.sizes());
        auto gradients = at::empty(qkv.sizes(), qkv.options());
        forReal(qkv, [&]<class Real>() {
            Rows<Real> in(qkv), outer(gradient), attended(output), z(normalizers), out(gradients);
            auto scale = 1 / std::sqrt(static_cast<Real>(size));
            layout.forEachGroup([&] {
                auto wide = [&](int64_t rows) { return std::vector<Real>(rows * length); };
                return [&, keys = wide(size), values = wide(size), scores = wide(blockRows), errors = wide(blockRows),
                        turned = wide(blockRows)](int64_t first, int64_t group) mutable {
                    transpose(in[first] + layout.key(group), in.stride, length, size, keys.data(), length);
                    transpose(in[first] + layout.value(group), in.stride, length, size, values.data(), length);
                    auto *keyGradient = out[first] + layout.key(group), *valueGradient = out[first] + layout.value(group);
                    for (int64_t row = 0; row < length; ++row) {
                        std::fill_n(keyGradient + row * out.stride, size, Real(0));
                        std::fill_n(valueGradient + row * out.stride, size, Real(0));
                    }
                    layout.forEachBlock(group, [&](int64_t head, int64_t start, int64_t rows, int64_t seen) {
                        auto top = first + start;
                        auto *query = in[top] + layout.query(head), *o = outer[top] + head * size;
                        multiply(rows, seen, size, query, in.stride, keys.data(), length, scores.data(), length, false);
                        multiply(rows, seen, size, o, outer.stride, values.data(), length, errors.data(), length, false);
                        for (int64_t row = 0; row < rows; ++row)
                            softmaxBackwardRow(
                                &scores[row * length], &errors[row * length], start + row + 1, seen, scale,
                                z[top + row][head], o + row * outer.stride, attended[top + row] + head * size, size);
                        multiply(
                            rows, size, seen, errors.data(), length, in[first] + layout.key(group), in.stride,
                            out[top] + layout.query(head), out.stride, false);
                        transpose(scores.data(), length, rows, seen, turned.data(), blockRows);
                        multiply(seen, size, rows, turned.data(), blockRows, o, outer.stride, valueGradient, out.stride, true);
                        transpose(errors.data(), length, rows, seen, turned.data(), blockRows);
                        multiply(seen, size, rows, turned.data(), blockRows, query, in.stride, keyGradient, out.stride, true);
                    });
                };
            });
        });
        *result = owned(std::move(gradients));
    });
}
