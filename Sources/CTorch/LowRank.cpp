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
/// Columns of a gradient that a thread takes at once: wide, since each time all of the narrow side is turned.
constexpr int64_t wide = 192;

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

    int64_t rank(const Part<Real> &part) const { return part.a.count; }
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

/// s·(gradient of the outputs)·B, `[n, Σ r]`; through A it is added to the gradient of the input, where that is wanted.
template <class Real>
void backwardOfInputs(
    const Group<Real> &group, const Rows<Real> &gradient, Real scale, const ct_dropout *dropout, const Rows<Real> &low,
    const Rows<Real> *input) {
    std::vector<Real> stacked(group.width * group.inputs);
    for (const auto &part : group.parts)
        for (int64_t i = 0; i < group.rank(part); ++i)
            std::copy_n(part.a[i], group.inputs, stacked.data() + (part.low + i) * group.inputs);
    forTiles(gradient.count, tileRows, [&](int64_t row, int64_t rows) {
        for (const auto &part : group.parts)
            multiply(
                rows, group.rank(part), part.b.count, gradient[row] + part.column, gradient.stride, part.b.first, part.b.stride,
                low[row] + part.low, low.stride, false);
        for (int64_t i = row; i < row + rows; ++i)
            for (int64_t j = 0; j < group.width; ++j) low[i][j] *= scale;
        if (!input) return;
        if (dropout) {
            Real through[tileRows * across];
            for (const auto &part : group.parts)
                for (int64_t column = 0; column < group.inputs; column += across) {
                    auto columns = std::min(across, group.inputs - column);
                    multiply(
                        rows, columns, group.rank(part), low[row] + part.low, low.stride,
                        stacked.data() + part.low * group.inputs + column, group.inputs, through, across, false);
                    DropoutMask(*dropout, part.key)
                        .apply(row, rows, column, columns, through, across, (*input)[row] + column, input->stride, true);
                }
        } else {
            for (int64_t column = 0; column < group.inputs; column += tileColumns)
                multiply(
                    rows, std::min(tileColumns, group.inputs - column), group.width, low[row], low.stride,
                    stacked.data() + column, group.inputs, (*input)[row] + column, input->stride, true);
        }
    });
}

/// leftᵀ · right for a part of the columns of `right`, `turned` being room for `left` on its side; with a mask, of `right` dropped.
template <class Real>
void transposedProduct(
    const Rows<Real> &left, int64_t firstLeft, int64_t leftWidth, const Rows<Real> &right, int64_t column, int64_t columns,
    const DropoutMask *mask, Real *result, int64_t stride, std::vector<Real> &turned) {
    turned.resize(leftWidth * depth);
    auto kept = std::make_unique_for_overwrite<Real[]>(mask ? depth * tileColumns : 0);
    for (int64_t start = 0; start < left.count; start += depth) {
        auto rows = std::min(depth, left.count - start);
        transpose(left[start] + firstLeft, left.stride, rows, leftWidth, turned.data(), depth);
        for (auto at = column; at < column + columns; at += tileColumns) {
            auto width = std::min(tileColumns, column + columns - at);
            const Real *values = right[start] + at;
            auto valuesStride = right.stride;
            if (mask) {
                mask->apply(start, rows, at, width, values, valuesStride, kept.get(), tileColumns, false);
                values = kept.get(), valuesStride = tileColumns;
            }
            multiply(leftWidth, width, rows, turned.data(), depth, values, valuesStride, result + at, stride, start > 0);
        }
    }
}

/// Of every A: (s·gradient·B)ᵀ · dropped(input), all of them one under another, `[Σ r, in]`.
template <class Real>
void backwardOfA(
    const Group<Real> &group, const Rows<Real> &low, const Rows<Real> &input, const ct_dropout *dropout,
    const Rows<Real> &result) {
    forTiles(group.inputs, wide, [&](int64_t column, int64_t columns) {
        std::vector<Real> turned;
        if (!dropout)
            return transposedProduct<Real>(
                low, 0, group.width, input, column, columns, nullptr, result.first, result.stride, turned);
        for (const auto &part : group.parts) {
            DropoutMask mask(*dropout, part.key);
            transposedProduct<Real>(
                low, part.low, group.rank(part), input, column, columns, &mask, result[part.low], result.stride, turned);
        }
    });
}

/// Of one B: s·gradientᵀ · low, `[out, r]`.
template <class Real>
void backwardOfB(
    const Group<Real> &group, const Part<Real> &part, const Rows<Real> &gradient, const Rows<Real> &low, Real scale,
    const Rows<Real> &result) {
    Rows<Real> own = gradient;
    own.first += part.column, own.width = part.b.count;
    auto rank = group.rank(part);
    std::vector<Real> onItsSide(rank * part.b.count);
    forTiles(part.b.count, wide, [&](int64_t column, int64_t columns) {
        std::vector<Real> turned;
        transposedProduct<Real>(
            low, part.low, rank, own, column, columns, nullptr, onItsSide.data(), part.b.count, turned);
        for (auto i = column; i < column + columns; ++i)
            for (int64_t j = 0; j < rank; ++j) result[i][j] = scale * onItsSide[j * part.b.count + i];
    });
}

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
            auto factor = static_cast<Real>(scale);
            auto lowGradient = at::empty(low.sizes(), options);
            // Without rows there is nothing to be the first term of a sum.
            auto make = [&](int64_t rows, int64_t columns) {
                return input.size(0) > 0 ? at::empty({rows, columns}, options) : at::zeros({rows, columns}, options);
            };
            auto ofA = make(group.width, group.inputs);
            Rows<Real> outer(gradient), in(input), activations(low), throughB(lowGradient);
            if (inputGradient.defined()) {
                Rows<Real> place(inputGradient);
                backwardOfInputs<Real>(group, outer, factor, dropout, throughB, &place);
            } else {
                backwardOfInputs<Real>(group, outer, factor, dropout, throughB, nullptr);
            }
            backwardOfA<Real>(group, throughB, in, dropout, Rows<Real>(ofA));
            std::vector<at::Tensor> ofB;
            for (const auto &part : group.parts) {
                ofB.push_back(make(part.b.count, group.rank(part)));
                backwardOfB<Real>(group, part, outer, activations, factor, Rows<Real>(ofB.back()));
            }
            for (int64_t i = 0; i < count; ++i) {
                const auto &part = group.parts[i];
                gradientsOfA[i] = owned(ofA.narrow(0, part.low, group.rank(part)));
                gradientsOfB[i] = owned(std::move(ofB[i]));
            }
        });
    });
}
