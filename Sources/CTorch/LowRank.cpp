// What low-rank adapters add to layers that share an input: y_i += s·dropped(x)·Aᵢᵀ·Bᵢᵀ, all of them in one call, so that the input is
// read once for all, and so are the gradients. Products are those of Products.h, on tiles that stay in a core's cache.
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <memory>
#include <vector>

#include "Dropout.h"
#include "Guard.h"
#include "Products.h"
#include "Rows.h"

using namespace ctorch;

namespace {

/// Rows that a thread takes at once, columns of an output or a gradient, and rows or inputs that are summed over at once.
constexpr int64_t tileRows = 64, tileColumns = 64, depth = 256;
/// Columns of a product that are dropped at once, small enough for a core's nearest cache.
constexpr int64_t across = 128;

/// One adapted layer: `a` `[r, in]`, `b` `[out, r]`, and the columns of the output that are its.
template <class Real>
struct Part {
    Rows<Real> a, b;
    int64_t column, low;
    uint64_t key;
};

/// The layers of a group. Their low-rank activations lie side by side.
template <class Real>
struct Group {
    std::vector<Part<Real>> parts;
    int64_t inputs, width = 0;

    Group(const ct_low_rank_part *given, int64_t count, const at::Tensor &input, const at::Tensor &output) {
        TORCH_CHECK(count > 0 && input.dim() == 2 && output.dim() == 2 && input.size(0) == output.size(0), "not a group's rows");
        inputs = input.size(1);
        for (int64_t i = 0; i < count; ++i) {
            Part<Real> part{Rows<Real>(borrowed(given[i].a)), Rows<Real>(borrowed(given[i].b)), given[i].column, width, given[i].key};
            TORCH_CHECK(
                part.a.width == inputs && part.b.width == part.a.count && part.column >= 0 &&
                    part.column + part.b.count <= output.size(1),
                "an adapter's matrices don't fit rows of ", inputs, " inputs and ", output.size(1), " outputs");
            width += part.a.count;
            parts.push_back(part);
        }
    }

    static int64_t rank(const Part<Real> &part) { return part.a.count; }
};

/// `[columns, rows]` of `scale · from`.
template <class Real>
void turn(const Rows<Real> &from, Real scale, Real *to, int64_t stride) {
    transpose(from.first, from.stride, from.count, from.width, to, stride);
    if (scale != 1)
        for (int64_t i = 0; i < from.width; ++i)
            for (int64_t j = 0; j < from.count; ++j) to[i * stride + j] *= scale;
}

template <class Body>
void forTiles(int64_t count, int64_t size, Body &&body) {
    inParallel((count + size - 1) / size, 1, [&](int64_t begin, int64_t end) {
        for (auto start = begin * size; start < std::min(count, end * size); start += size)
            body(start, std::min(size, count - start));
    });
}

template <class Real>
void forward(
    const Group<Real> &group, const Rows<Real> &output, const Rows<Real> &input, Real scale, const ct_dropout *dropout,
    const Rows<Real> &low) {
    // Aᵀ of all parts side by side, and s·Bᵀ of each.
    std::vector<Real> down(group.inputs * group.width);
    std::vector<std::vector<Real>> up;
    for (const auto &part : group.parts) {
        turn(part.a, Real(1), down.data() + part.low, group.width);
        turn(part.b, scale, up.emplace_back(part.b.count * group.rank(part)).data(), part.b.count);
    }
    forTiles(input.count, tileRows, [&](int64_t row, int64_t rows) {
        if (dropout) {
            auto kept = std::make_unique_for_overwrite<Real[]>(rows * depth);
            for (const auto &part : group.parts) {
                DropoutMask mask(*dropout, part.key);
                for (int64_t start = 0; start < group.inputs; start += depth) {
                    auto inputs = std::min(depth, group.inputs - start);
                    mask.apply(row, rows, start, inputs, input[row] + start, input.stride, kept.get(), depth, false);
                    multiply(
                        rows, group.rank(part), inputs, kept.get(), depth, down.data() + start * group.width + part.low,
                        group.width, low[row] + part.low, low.stride, start > 0);
                }
            }
        } else {
            multiply(
                rows, group.width, group.inputs, input[row], input.stride, down.data(), group.width, low[row], low.stride, false);
        }
        for (size_t i = 0; i < up.size(); ++i) {
            const auto &part = group.parts[i];
            for (int64_t column = 0; column < part.b.count; column += tileColumns)
                multiply(
                    rows, std::min(tileColumns, part.b.count - column), group.rank(part), low[row] + part.low, low.stride,
                    up[i].data() + column, part.b.count, output[row] + part.column + column, output.stride, true);
        }
    });
}

/// What a backward pass works on.
template <class Real>
struct Backward {
    const Group<Real> &group;
    Rows<Real> gradient, input, low;
    Real scale;
    const ct_dropout *dropout;
    /// The low-rank activations and their gradients on their side, `[Σ r, n]`.
    std::unique_ptr<Real[]> turnedLow, turnedGradient;

    Backward(
        const Group<Real> &group, const Rows<Real> &gradient, const Rows<Real> &input, const Rows<Real> &low, Real scale,
        const ct_dropout *dropout)
        : group(group), gradient(gradient), input(input), low(low), scale(scale), dropout(dropout),
          turnedLow(std::make_unique_for_overwrite<Real[]>(group.width * input.count)),
          turnedGradient(std::make_unique_for_overwrite<Real[]>(group.width * input.count)) {}

    /// s·(gradient of the outputs)·B, and what comes of it through A, added to the gradient of the input where that is wanted.
    void throughMatrices(const Rows<Real> *inputGradient) {
        std::vector<Real> stacked(group.width * group.inputs);
        for (const auto &part : group.parts)
            for (int64_t i = 0; i < group.rank(part); ++i)
                std::copy_n(part.a[i], group.inputs, stacked.data() + (part.low + i) * group.inputs);
        forTiles(gradient.count, tileRows, [&](int64_t row, int64_t rows) {
            std::vector<Real> lowGradient(rows * group.width);
            for (const auto &part : group.parts)
                multiply(
                    rows, group.rank(part), part.b.count, gradient[row] + part.column, gradient.stride, part.b.first,
                    part.b.stride, lowGradient.data() + part.low, group.width, false);
            for (auto &value : lowGradient) value *= scale;
            transpose(lowGradient.data(), group.width, rows, group.width, turnedGradient.get() + row, input.count);
            transpose(low[row], low.stride, rows, group.width, turnedLow.get() + row, input.count);
            if (!inputGradient) return;
            auto step = dropout ? across : tileColumns;
            for (int64_t column = 0; column < group.inputs; column += step) {
                auto columns = std::min(step, group.inputs - column);
                auto *place = (*inputGradient)[row] + column;
                if (!dropout) {
                    multiply(
                        rows, columns, group.width, lowGradient.data(), group.width, stacked.data() + column, group.inputs,
                        place, inputGradient->stride, true);
                    continue;
                }
                Real through[tileRows * across];
                for (const auto &part : group.parts) {
                    multiply(
                        rows, columns, group.rank(part), lowGradient.data() + part.low, group.width,
                        stacked.data() + part.low * group.inputs + column, group.inputs, through, across, false);
                    DropoutMask(*dropout, part.key)
                        .apply(row, rows, column, columns, through, across, place, inputGradient->stride, true);
                }
            }
        });
    }

    /// Of every A: (s·gradient·B)ᵀ · dropped(input), one under another, `[Σ r, in]`. Of each B: s·gradientᵀ · low, `[out, r]`.
    void ofMatrices(const Rows<Real> &ofA, const std::vector<Rows<Real>> &ofB) {
        // Columns of the input, then those of each part's outputs.
        auto tiles = [](int64_t columns) { return (columns + tileColumns - 1) / tileColumns; };
        std::vector<int64_t> ends{tiles(group.inputs)};
        for (const auto &part : group.parts) ends.push_back(ends.back() + tiles(part.b.count));
        forTiles(ends.back(), 1, [&](int64_t tile, int64_t) {
            auto place = std::upper_bound(ends.begin(), ends.end(), tile) - ends.begin();
            if (place == 0)
                columnsOfA(tile * tileColumns, ofA);
            else
                rowsOfB(group.parts[place - 1], (tile - ends[place - 1]) * tileColumns, ofB[place - 1]);
        });
    }

private:
    void columnsOfA(int64_t column, const Rows<Real> &result) {
        auto columns = std::min(tileColumns, group.inputs - column);
        Real kept[depth * tileColumns];
        for (int64_t start = 0; start < input.count; start += depth) {
            auto rows = std::min(depth, input.count - start);
            auto *values = input[start] + column;
            if (!dropout) {
                multiply(
                    group.width, columns, rows, turnedGradient.get() + start, input.count, values, input.stride,
                    result.first + column, result.stride, start > 0);
                continue;
            }
            for (const auto &part : group.parts) {
                DropoutMask(*dropout, part.key)
                    .apply(start, rows, column, columns, values, input.stride, kept, tileColumns, false);
                multiply(
                    group.rank(part), columns, rows, turnedGradient.get() + part.low * input.count + start, input.count, kept,
                    tileColumns, result[part.low] + column, result.stride, start > 0);
            }
        }
    }

    void rowsOfB(const Part<Real> &part, int64_t column, const Rows<Real> &result) {
        auto columns = std::min(tileColumns, part.b.count - column), rank = group.rank(part);
        std::vector<Real> onItsSide(rank * columns);
        for (int64_t start = 0; start < gradient.count; start += depth)
            multiply(
                rank, columns, std::min(depth, gradient.count - start), turnedLow.get() + part.low * input.count + start,
                input.count, gradient[start] + part.column + column, gradient.stride, onItsSide.data(), columns, start > 0);
        for (int64_t i = 0; i < columns; ++i)
            for (int64_t j = 0; j < rank; ++j) result[column + i][j] = scale * onItsSide[j * columns + i];
    }
};

}  // namespace

ct_status ct_low_rank_forward(
    ct_tensor outputHandle, ct_tensor inputHandle, const ct_low_rank_part *parts, int64_t count, double scale,
    const ct_dropout *dropout, ct_tensor *lowHandle) {
    return guarded([&] {
        auto output = borrowed(outputHandle), input = borrowed(inputHandle);
        forReal(input, [&]<class Real>() {
            Group<Real> group(parts, count, input, output);
            auto low = at::empty({input.size(0), group.width}, input.options());
            forward<Real>(group, Rows<Real>(output), Rows<Real>(input), static_cast<Real>(scale), dropout, Rows<Real>(low));
            *lowHandle = owned(std::move(low));
        });
    });
}

ct_status ct_low_rank_backward(
    ct_tensor gradientHandle, ct_tensor inputHandle, ct_tensor lowHandle, const ct_low_rank_part *parts, int64_t count,
    double scale, const ct_dropout *dropout, ct_tensor inputGradientHandle, ct_tensor *gradientsOfA, ct_tensor *gradientsOfB) {
    return guarded([&] {
        auto gradient = borrowed(gradientHandle), input = borrowed(inputHandle), low = borrowed(lowHandle);
        auto inputGradient = borrowed(inputGradientHandle);
        forReal(input, [&]<class Real>() {
            Group<Real> group(parts, count, input, gradient);
            TORCH_CHECK(low.dim() == 2 && low.size(0) == input.size(0) && low.size(1) == group.width, "not a group's activations");
            TORCH_CHECK(!inputGradient.defined() || inputGradient.sizes() == input.sizes(), "not an input's gradient");
            auto options = input.options();
            // Without rows there is nothing to be the first term of a sum.
            auto make = [&](int64_t rows, int64_t columns) {
                return input.size(0) > 0 ? at::empty({rows, columns}, options) : at::zeros({rows, columns}, options);
            };
            auto ofA = make(group.width, group.inputs);
            std::vector<at::Tensor> ofB;
            std::vector<Rows<Real>> rowsOfB;
            for (const auto &part : group.parts) rowsOfB.emplace_back(ofB.emplace_back(make(part.b.count, group.rank(part))));
            Backward<Real> backward(
                group, Rows<Real>(gradient), Rows<Real>(input), Rows<Real>(low), static_cast<Real>(scale), dropout);
            if (inputGradient.defined()) {
                Rows<Real> place(inputGradient);
                backward.throughMatrices(&place);
            } else {
                backward.throughMatrices(nullptr);
            }
            if (input.size(0) > 0) backward.ofMatrices(Rows<Real>(ofA), rowsOfB);
            for (int64_t i = 0; i < count; ++i) {
                const auto &part = group.parts[i];
                gradientsOfA[i] = owned(ofA.narrow(0, part.low, group.rank(part)));
                gradientsOfB[i] = owned(std::move(ofB[i]));
            }
        });
    });
}
