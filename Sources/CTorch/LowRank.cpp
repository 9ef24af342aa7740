// Low-rank adapters of layers that share an input: y_i += s·dropped(x)·Aᵢᵀ·Bᵢᵀ, forward and backward, all of them in one call, so that the
// input is read once for all, and so are the gradients. What is added to the layers' own products is in LowRank.h.
#include "LowRank.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

using namespace ctorch;

namespace {

/// Rows that a thread takes at once, columns of an output or a gradient, and rows or inputs that are summed over at once.
constexpr int64_t blockRows = 64, blockColumns = 64, depth = 256;

/// Shares rows among threads: `body(row, rows)` for blocks of them.
template <class Body>
void forRows(int64_t count, Body &&body) {
    inParallel((count + blockRows - 1) / blockRows, 1, [&](int64_t begin, int64_t end) {
        auto first = begin * blockRows;
        inPowersOfTwo(std::min(count, end * blockRows) - first, blockRows, [&](int64_t row, int64_t rows) { body(first + row, rows); });
    });
}

/// Adds to all of `result`, tile by tile.
template <class Real, class Addition>
void addTo(const Rows<Real> &result, const Addition &addition) {
    forRows(result.count, [&](int64_t row, int64_t rows) {
        for (int64_t column = 0; column < result.width; column += blockColumns)
            addition(row, rows, column, std::min(blockColumns, result.width - column), result);
    });
}

/// low = dropped(input)·Aᵀ, part by part side by side, and what is kept of the input for each.
template <class Real>
void activate(const LowRankGroup<Real> &group, const Rows<Real> &input, const Rows<Real> &low, const KeptBits &kept) {
    // Aᵀ of all parts side by side.
    std::vector<Real> down(group.inputs * group.width);
    for (const auto &part : group.parts) turn(part.a, Real(1), down.data() + part.low, group.width);
    forRows(input.count, [&](int64_t row, int64_t rows) {
        if (!group.dropout)
            return multiply(
                rows, group.width, group.inputs, input[row], input.stride, down.data(), group.width, low[row], low.stride, false);
        auto values = std::make_unique_for_overwrite<Real[]>(rows * depth);
        for (const auto &part : group.parts) {
            group.ofPart(kept, part, row, 0).draw(*group.dropout, part.key, row, rows, group.inputs);
            for (int64_t start = 0; start < group.inputs; start += depth) {
                auto inputs = std::min(depth, group.inputs - start);
                group.ofPart(kept, part, row, start)
                    .apply(*group.dropout, rows, inputs, input[row] + start, input.stride, values.get(), depth, false);
                multiply(
                    rows, group.rank(part), inputs, values.get(), depth, down.data() + start * group.width + part.low, group.width,
                    low[row] + part.low, low.stride, start > 0);
            }
        }
    });
}

/// The gradients of a group's matrices.
template <class Real>
struct MatrixGradients {
    const LowRankGroup<Real> &group;
    Rows<Real> gradient, input, low, lowGradient;
    KeptBits kept;
    /// Of the rows of what follows: few values, as shapes are to be few.
    int64_t stride;
    /// The low-rank activations and their gradients on their side, `[Σ r, n]`.
    std::unique_ptr<Real[]> turnedLow, turnedGradient;

    /// Fills `lowGradient`, s·(gradient of the outputs)·B.
    MatrixGradients(
        const LowRankGroup<Real> &group, const Rows<Real> &gradient, const Rows<Real> &input, const Rows<Real> &low,
        const Rows<Real> &lowGradient, const KeptBits &kept)
        : group(group), gradient(gradient), input(input), low(low), lowGradient(lowGradient), kept(kept),
          stride((input.count + 127) / 128 * 128), turnedLow(std::make_unique_for_overwrite<Real[]>(group.width * stride)),
          turnedGradient(std::make_unique_for_overwrite<Real[]>(group.width * stride)) {
        forRows(gradient.count, [&](int64_t row, int64_t rows) {
            for (const auto &part : group.parts)
                multiply(
                    rows, group.rank(part), part.b.count, gradient[row] + part.column, gradient.stride, part.b.first,
                    part.b.stride, lowGradient[row] + part.low, lowGradient.stride, false);
            for (auto i = row; i < row + rows; ++i)
                for (int64_t j = 0; j < group.width; ++j) lowGradient[i][j] *= group.scale;
            transpose(lowGradient[row], lowGradient.stride, rows, group.width, turnedGradient.get() + row, stride);
            transpose(low[row], low.stride, rows, group.width, turnedLow.get() + row, stride);
        });
    }

    /// Of every A: (s·gradient·B)ᵀ · dropped(input), one under another, `[Σ r, in]`. Of each B: s·gradientᵀ · low, `[out, r]`.
    void ofMatrices(const Rows<Real> &ofA, const std::vector<Rows<Real>> &ofB) {
        // Columns of the input, then those of each part's outputs.
        auto tiles = [](int64_t columns) { return (columns + blockColumns - 1) / blockColumns; };
        std::vector<int64_t> ends{tiles(group.inputs)};
        for (const auto &part : group.parts) ends.push_back(ends.back() + tiles(part.b.count));
        inParallel(ends.back(), 1, [&](int64_t begin, int64_t end) {
            for (auto tile = begin; tile < end; ++tile) {
                auto place = std::upper_bound(ends.begin(), ends.end(), tile) - ends.begin();
                if (place == 0)
                    columnsOfA(tile * blockColumns, ofA);
                else
                    rowsOfB(group.parts[place - 1], (tile - ends[place - 1]) * blockColumns, ofB[place - 1]);
            }
        });
    }

private:
    void columnsOfA(int64_t column, const Rows<Real> &result) {
        auto columns = std::min(blockColumns, group.inputs - column);
        Real dropped[depth * blockColumns];
        inPowersOfTwo(input.count, depth, [&](int64_t start, int64_t rows) {
            auto *values = input[start] + column;
            if (!group.dropout)
                return multiply(
                    group.width, columns, rows, turnedGradient.get() + start, stride, values, input.stride, result.first + column,
                    result.stride, start > 0);
            for (const auto &part : group.parts) {
                group.ofPart(kept, part, start, column)
                    .apply(*group.dropout, rows, columns, values, input.stride, dropped, blockColumns, false);
                multiply(
                    group.rank(part), columns, rows, turnedGradient.get() + part.low * stride + start, stride, dropped, blockColumns,
                    result[part.low] + column, result.stride, start > 0);
            }
        });
    }

    void rowsOfB(const LowRankPart<Real> &part, int64_t column, const Rows<Real> &result) {
        auto columns = std::min(blockColumns, part.b.count - column), rank = group.rank(part);
        std::vector<Real> onItsSide(rank * columns);
        inPowersOfTwo(gradient.count, depth, [&](int64_t start, int64_t rows) {
            multiply(
                rank, columns, rows, turnedLow.get() + part.low * stride + start, stride, gradient[start] + part.column + column,
                gradient.stride, onItsSide.data(), columns, start > 0);
        });
        for (int64_t i = 0; i < columns; ++i)
            for (int64_t j = 0; j < rank; ++j) result[column + i][j] = group.scale * onItsSide[j * columns + i];
    }
};

/// Of rows by themselves, since without rows there is nothing to be the first term of a sum.
at::Tensor sums(int64_t rows, int64_t columns, const at::Tensor &over) {
    return over.size(0) > 0 ? at::empty({rows, columns}, over.options()) : at::zeros({rows, columns}, over.options());
}

}  // namespace

ct_status ct_low_rank_activations(
    ct_tensor inputHandle, const ct_low_rank_group *given, int64_t outputs, ct_tensor *lowResult, ct_tensor *keptResult) {
    return guarded([&] {
        auto input = borrowed(inputHandle);
        forReal(input, [&]<class Real>() {
            LowRankGroup<Real> group(*given, input.size(1), outputs);
            auto low = at::empty({input.size(0), group.width}, input.options());
            at::Tensor kept;
            if (group.dropout) kept = at::empty({input.size(0), group.words}, at::kInt);
            activate(group, Rows<Real>(input), Rows<Real>(low), group.keptBits(kept, input.size(0)));
            *lowResult = owned(std::move(low));
            *keptResult = owned(std::move(kept));
        });
    });
}

ct_status ct_low_rank_add_output(ct_tensor outputHandle, ct_tensor lowHandle, const ct_low_rank_group *given, int64_t inputs) {
    return guarded([&] {
        auto output = borrowed(outputHandle), low = borrowed(lowHandle);
        forReal(output, [&]<class Real>() {
            LowRankGroup<Real> group(*given, inputs, output.size(1));
            group.check(low, output);
            addTo(Rows<Real>(output), LowRankOutput<Real>(group, Rows<Real>(low)));
        });
    });
}

ct_status ct_low_rank_add_input_gradient(
    ct_tensor resultHandle, ct_tensor lowGradientHandle, ct_tensor keptHandle, const ct_low_rank_group *given, int64_t outputs) {
    return guarded([&] {
        auto result = borrowed(resultHandle), lowGradient = borrowed(lowGradientHandle), kept = borrowed(keptHandle);
        forReal(result, [&]<class Real>() {
            LowRankGroup<Real> group(*given, result.size(1), outputs);
            group.check(lowGradient, result);
            addTo(
                Rows<Real>(result),
                LowRankInputGradient<Real>(group, Rows<Real>(lowGradient), group.keptBits(kept, result.size(0))));
        });
    });
}

ct_status ct_low_rank_gradients(
    ct_tensor gradientHandle, ct_tensor inputHandle, ct_tensor lowHandle, ct_tensor keptHandle, const ct_low_rank_group *given,
    ct_tensor *lowGradientResult, ct_tensor *gradientsOfA, ct_tensor *gradientsOfB) {
    return guarded([&] {
        auto gradient = borrowed(gradientHandle), input = borrowed(inputHandle), low = borrowed(lowHandle), kept = borrowed(keptHandle);
        forReal(input, [&]<class Real>() {
            LowRankGroup<Real> group(*given, input.size(1), gradient.size(1));
            group.check(low, input);
            TORCH_CHECK(gradient.size(0) == input.size(0), "not a gradient of the group's rows");
            auto ofA = sums(group.width, group.inputs, input);
            std::vector<at::Tensor> ofB;
            std::vector<Rows<Real>> rowsOfB;
            for (const auto &part : group.parts)
                rowsOfB.emplace_back(ofB.emplace_back(sums(part.b.count, group.rank(part), input)));
            auto lowGradient = at::empty({input.size(0), group.width}, input.options());
            MatrixGradients<Real> gradients(
                group, Rows<Real>(gradient), Rows<Real>(input), Rows<Real>(low), Rows<Real>(lowGradient),
                group.keptBits(kept, input.size(0)));
            if (input.size(0) > 0) gradients.ofMatrices(Rows<Real>(ofA), rowsOfB);
            for (size_t i = 0; i < group.parts.size(); ++i) {
                const auto &part = group.parts[i];
                gradientsOfA[i] = owned(ofA.narrow(0, part.low, group.rank(part)));
                gradientsOfB[i] = owned(std::move(ofB[i]));
            }
            *lowGradientResult = owned(std::move(lowGradient));
        });
    });
}
