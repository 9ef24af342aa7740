// Causal attention, forward and backward, over queries, keys and values as the projection left them: side by side in a row.
//
// A block of queries at a time against all keys from the first that one of them sees up to its last one (softmax needs no second
// pass over memory then, since a block's scores are small: 32 × length). Heads of a group read the same keys and add to the same gradients, so nothing is
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
constexpr int64_t blockRows = 32;

/// What turns a row's scores into probabilities: e^(scale · (score − maximum)) · inverse. A single log Z would do, but its rounding grows
/// with the scores, and falls on every probability of the row.
template <class Real>
struct Softmax {
    Real maximum, inverse;
};

/// Of a row's scores, those that the query may see.
struct Seen {
    int64_t begin, end;
};

#define ATTENTION_ROWS(Real, CLONES)                                                                                           \
    /* Overwrites the scores seen with e^(scale · (score − max)), the others up to `width` with 0.           */                \
    CLONES void exponentialRow(Real *scores, Seen seen, int64_t width, Real scale, Softmax<Real> *softmax) {                   \
        SUMS_IN_ANY_ORDER                                                                                                      \
        Real maximum = -std::numeric_limits<Real>::infinity();                                                                 \
        double sum = 0;                                                                                                        \
        for (int64_t i = seen.begin; i < seen.end; ++i) maximum = scores[i] > maximum ? scores[i] : maximum;                   \
        for (int64_t i = 0; i < seen.begin; ++i) scores[i] = 0;                                                                \
        for (int64_t i = seen.begin; i < seen.end; ++i) {                                                                      \
            scores[i] = exponential(scale * (scores[i] - maximum));                                                            \
            sum += scores[i];                                                                                                  \
        }                                                                                                                      \
        for (int64_t i = seen.end; i < width; ++i) scores[i] = 0;                                                              \
        *softmax = {maximum, static_cast<Real>(1 / sum)};                                                                      \
    }                                                                                                                          \
    CLONES void scaleRow(Real *row, int64_t width, Real factor) {                                                              \
        for (int64_t i = 0; i < width; ++i) row[i] *= factor;                                                                  \
    }                                                                                                                          \
    /* From scores to probabilities, and from the probabilities' gradients to those of the scores.                           */ \
    CLONES void softmaxBackwardRow(                                                                                            \
        Real *scores, Real *gradients, Seen seen, int64_t width, Real scale, Softmax<Real> softmax, const Real *outer,         \
        const Real *output, int64_t size) {                                                                                    \
        SUMS_IN_ANY_ORDER                                                                                                      \
        double sum = 0;                                                                                                        \
        for (int64_t i = 0; i < size; ++i) sum += static_cast<double>(outer[i]) * output[i];                                   \
        Real mean = static_cast<Real>(sum);                                                                                    \
        for (int64_t i = 0; i < seen.begin; ++i) scores[i] = gradients[i] = 0;                                                 \
        for (int64_t i = seen.begin; i < seen.end; ++i) {                                                                      \
            scores[i] = exponential(scale * (scores[i] - softmax.maximum)) * softmax.inverse;                                  \
            gradients[i] = scores[i] * (gradients[i] - mean) * scale;                                                          \
        }                                                                                                                      \
        for (int64_t i = seen.end; i < width; ++i) scores[i] = gradients[i] = 0;                                               \
    }

ATTENTION_ROWS(float, FOR_EACH_PROCESSOR)
ATTENTION_ROWS(double, )

/// Of a row and a head, in `[n, heads · 2]`.
template <class Real>
Softmax<Real> *softmaxOf(const Rows<Real> &softmax, int64_t row, int64_t head) {
    return reinterpret_cast<Softmax<Real> *>(softmax[row]) + head;
}

/// Where things lie in a row.
struct Layout {
    int64_t heads, keyValueHeads, length, window, size, sequences;

    Layout(const at::Tensor &qkv, int64_t heads, int64_t keyValueHeads, int64_t length, int64_t window)
        : heads(heads), keyValueHeads(keyValueHeads), length(length), window(std::min(window, length)) {
        TORCH_CHECK(
            qkv.dim() == 2 && keyValueHeads > 0 && heads % keyValueHeads == 0 && length > 0 && window > 0 &&
                qkv.size(1) % (heads + 2 * keyValueHeads) == 0 && qkv.size(0) % length == 0,
            "rows of shape ", qkv.sizes(), " aren't sequences of ", length, " with ", heads, " heads and ", keyValueHeads,
            " key-value heads, of which a row sees ", window);
        size = qkv.size(1) / (heads + 2 * keyValueHeads);
        sequences = qkv.size(0) / length;
    }

    int64_t query(int64_t head) const { return head * size; }
    int64_t key(int64_t group) const { return (heads + group) * size; }
    int64_t value(int64_t group) const { return (heads + keyValueHeads + group) * size; }

    /// The first position that a position sees.
    int64_t first(int64_t position) const { return std::max<int64_t>(0, position + 1 - window); }

    /// On each of libtorch's threads: what `prepare` gives, with memory of its own, is called with a sequence's first row and a
    /// group.
    template <class Prepare>
    void forEachGroup(Prepare &&prepare) const {
        inParallel(sequences * keyValueHeads, 1, [&](int64_t begin, int64_t end) {
            auto body = prepare();
            for (auto unit = begin; unit < end; ++unit) body(unit / keyValueHeads * length, unit % keyValueHeads);
        });
    }

    /// Calls `body(head, block's first row, rows, first key seen, keys from there to the block's end)` for the blocks of a group.
    template <class Body>
    void forEachBlock(int64_t group, Body &&body) const {
        auto groupSize = heads / keyValueHeads;
        for (auto head = group * groupSize; head < (group + 1) * groupSize; ++head)
            for (int64_t start = 0; start < length; start += blockRows) {
                auto rows = std::min(blockRows, length - start);
                body(head, start, rows, first(start), start + rows - first(start));
            }
    }
};

}  // namespace

ct_status ct_attention(
    ct_tensor qkvHandle, int64_t heads, int64_t keyValueHeads, int64_t length, int64_t window, ct_tensor *output,
    ct_tensor *softmaxOutput) {
    return guarded([&] {
        auto qkv = borrowed(qkvHandle);
        Layout layout(qkv, heads, keyValueHeads, length, window);
        auto size = layout.size;
        auto result = at::empty({qkv.size(0), heads * size}, qkv.options());
        auto softmaxes = at::empty({qkv.size(0), heads * 2}, qkv.options());
        forReal(qkv, [&]<class Real>() {
            Rows<Real> in(qkv), out(result), softmax(softmaxes);
            auto scale = 1 / std::sqrt(static_cast<Real>(size));
            layout.forEachGroup([&] {
                return [&, keys = std::vector<Real>(size * length), scores = std::vector<Real>(blockRows * length)](
                           int64_t first, int64_t group) mutable {
                    transpose(in[first] + layout.key(group), in.stride, length, size, keys.data(), length);
                    auto *values = in[first] + layout.value(group);
                    layout.forEachBlock(group, [&](int64_t head, int64_t start, int64_t rows, int64_t from, int64_t count) {
                        auto top = first + start;
                        auto *place = out[top] + head * size;
                        multiply(
                            rows, count, size, in[top] + layout.query(head), in.stride, keys.data() + from, length, scores.data(),
                            length, false);
                        for (int64_t row = 0; row < rows; ++row) {
                            Seen seen{layout.first(start + row) - from, start + row + 1 - from};
                            exponentialRow(&scores[row * length], seen, count, scale, softmaxOf(softmax, top + row, head));
                        }
                        multiply(
                            rows, size, count, scores.data(), length, values + from * in.stride, in.stride, place, out.stride, false);
                        for (int64_t row = 0; row < rows; ++row)
                            scaleRow(place + row * out.stride, size, softmaxOf(softmax, top + row, head)->inverse);
                    });
                };
            });
        });
        *output = owned(std::move(result));
        *softmaxOutput = owned(std::move(softmaxes));
    });
}

ct_status ct_attention_backward(
    ct_tensor gradientHandle, ct_tensor qkvHandle, ct_tensor outputHandle, ct_tensor softmaxHandle, int64_t heads,
    int64_t keyValueHeads, int64_t length, int64_t window, ct_tensor *result) {
    return guarded([&] {
        auto gradient = borrowed(gradientHandle), qkv = borrowed(qkvHandle), output = borrowed(outputHandle);
        auto softmaxes = borrowed(softmaxHandle);
        Layout layout(qkv, heads, keyValueHeads, length, window);
        auto size = layout.size;
        TORCH_CHECK(gradient.sizes() == output.sizes(), "the gradient has shape ", gradient.sizes());
        auto gradients = at::empty(qkv.sizes(), qkv.options());
        forReal(qkv, [&]<class Real>() {
            Rows<Real> in(qkv), outer(gradient), attended(output), softmax(softmaxes), out(gradients);
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
                    layout.forEachBlock(group, [&](int64_t head, int64_t start, int64_t rows, int64_t from, int64_t count) {
                        auto top = first + start;
                        auto *query = in[top] + layout.query(head), *o = outer[top] + head * size;
                        multiply(rows, count, size, query, in.stride, keys.data() + from, length, scores.data(), length, false);
                        multiply(rows, count, size, o, outer.stride, values.data() + from, length, errors.data(), length, false);
                        for (int64_t row = 0; row < rows; ++row)
                            softmaxBackwardRow(
                                &scores[row * length], &errors[row * length],
                                Seen{layout.first(start + row) - from, start + row + 1 - from}, count, scale,
                                *softmaxOf(softmax, top + row, head), o + row * outer.stride, attended[top + row] + head * size, size);
                        multiply(
                            rows, size, count, errors.data(), length, in[first + from] + layout.key(group), in.stride,
                            out[top] + layout.query(head), out.stride, false);
                        auto ofSeen = from * out.stride;
                        transpose(scores.data(), length, rows, count, turned.data(), blockRows);
                        multiply(
                            count, size, rows, turned.data(), blockRows, o, outer.stride, valueGradient + ofSeen, out.stride, true);
                        transpose(errors.data(), length, rows, count, turned.data(), blockRows);
                        multiply(
                            count, size, rows, turned.data(), blockRows, query, in.stride, keyGradient + ofSeen, out.stride, true);
                    });
                };
            });
        });
        *result = owned(std::move(gradients));
    });
}
