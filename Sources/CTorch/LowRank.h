// Low-rank adapters of layers that share an input, and what they add to tiles of the layers' products. A tile is added to while it is in
// its core's cache: as soon as the product has made it (TiledProducts.h), or in a loop of its own.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "Dropout.h"
#include "Guard.h"
#include "Products.h"
#include "Rows.h"

namespace ctorch {

/// One adapted layer: `a` `[r, in]`, `b` `[out, r]`, and the columns of the output that are its.
template <class Real>
struct LowRankPart {
    Rows<Real> a, b;
    /// The first of its columns in the output, in the low-rank activations, and its first word in a row of what dropout keeps.
    int64_t column, low, word;
    uint64_t key;
};

/// The layers of a group. Their low-rank activations lie side by side.
template <class Real>
struct LowRankGroup {
    std::vector<LowRankPart<Real>> parts;
    /// Columns of the low-rank activations, and words of a row of what dropout keeps.
    int64_t inputs, width = 0, words = 0;
    Real scale;
    const ct_dropout *dropout;

    LowRankGroup(const ct_low_rank_group &given, int64_t inputs, int64_t outputs)
        : inputs(inputs), scale(static_cast<Real>(given.scale)), dropout(given.dropout) {
        TORCH_CHECK(given.count > 0, "a group without adapters");
        for (int64_t i = 0; i < given.count; ++i) {
            const auto &its = given.parts[i];
            LowRankPart<Real> part{Rows<Real>(borrowed(its.a)), Rows<Real>(borrowed(its.b)), its.column, width, words, its.key};
            TORCH_CHECK(
                part.a.width == inputs && part.b.width == part.a.count && part.column >= 0 &&
                    part.column + part.b.count <= outputs,
                "an adapter's matrices don't fit rows of ", inputs, " inputs and ", outputs, " outputs");
            width += part.a.count;
            if (dropout) words += KeptBits::wordsOf(inputs);
            parts.push_back(part);
        }
    }

    void check(const at::Tensor &low, const at::Tensor &rows) const {
        TORCH_CHECK(
            low.dim() == 2 && rows.dim() == 2 && low.size(0) == rows.size(0) && low.size(1) == width, "low-rank rows of shape ",
            low.sizes(), " aren't the group's, of ", width, " for ", rows.sizes());
    }

    /// The bits of `rows` rows in a tensor of the group's words; none without dropout.
    KeptBits keptBits(const at::Tensor &kept, int64_t rows) const {
        if (!dropout) return {};
        TORCH_CHECK(kept.defined(), "dropout without what it kept");
        Rows<int32_t> bits(kept);
        TORCH_CHECK(
            bits.count == rows && bits.width == words, "what dropout kept, of shape ", kept.sizes(), ", isn't the group's, of ", words,
            " words for ", rows, " rows");
        return {reinterpret_cast<uint32_t *>(bits.first), bits.stride};
    }

    /// A part's own, from `row` and `column` of its input on.
    static KeptBits ofPart(const KeptBits &kept, const LowRankPart<Real> &part, int64_t row, int64_t column) {
        return KeptBits{kept.first + part.word, kept.stride}.from(row, column);
    }

    static int64_t rank(const LowRankPart<Real> &part) { return part.a.count; }
};

/// `[columns, rows]` of `scale · from`.
template <class Real>
void turn(const Rows<Real> &from, Real scale, Real *to, int64_t stride) {
    transpose(from.first, from.stride, from.count, from.width, to, stride);
    if (scale != 1)
        for (int64_t i = 0; i < from.width; ++i)
            for (int64_t j = 0; j < from.count; ++j) to[i * stride + j] *= scale;
}

/// What a forward pass adds to a tile: s·low·Bᵀ in each part's columns.
template <class Real>
class LowRankOutput {
public:
    /// - `low`: dropped(input)·Aᵀ of all parts, `[n, Σ r]`
    LowRankOutput(const LowRankGroup<Real> &group, const Rows<Real> &low) : group(group), low(low) {
        for (const auto &part : group.parts)
            turn(part.b, group.scale, turned.emplace_back(part.b.count * group.rank(part)).data(), part.b.count);
    }

    void operator()(int64_t row, int64_t rows, int64_t column, int64_t columns, const Rows<Real> &result) const {
        for (size_t i = 0; i < turned.size(); ++i) {
            const auto &part = group.parts[i];
            auto from = std::max(column, part.column), to = std::min(column + columns, part.column + part.b.count);
            if (from < to)
                multiply(
                    rows, to - from, group.rank(part), low[row] + part.low, low.stride, turned[i].data() + from - part.column,
                    part.b.count, result[row] + from, result.stride, true);
        }
    }

private:
    const LowRankGroup<Real> &group;
    Rows<Real> low;
    /// s·Bᵀ of each part.
    std::vector<std::vector<Real>> turned;
};

/// What a backward pass adds to a tile of the input's gradient: that of the low-rank activations, times A.
template <class Real>
class LowRankInputGradient {
public:
    /// - `lowGradient`: of all parts, `[n, Σ r]`
    /// - `kept`: what dropout kept of their inputs, side by side
    LowRankInputGradient(const LowRankGroup<Real> &group, const Rows<Real> &lowGradient, const KeptBits &kept)
        : group(group), lowGradient(lowGradient), kept(kept), stacked(group.width * group.inputs) {
        for (const auto &part : group.parts)
            for (int64_t i = 0; i < group.rank(part); ++i)
                std::copy_n(part.a[i], group.inputs, stacked.data() + (part.low + i) * group.inputs);
    }

    /// With dropout `column` is a multiple of 32.
    void operator()(int64_t row, int64_t rows, int64_t column, int64_t columns, const Rows<Real> &result) const {
        if (!group.dropout)
            return multiply(
                rows, columns, group.width, lowGradient[row], lowGradient.stride, stacked.data() + column, group.inputs,
                result[row] + column, result.stride, true);
        // What is dropped at once, small enough for a core's nearest cache.
        constexpr int64_t mostRows = 32, mostColumns = 128;
        Real through[mostRows * mostColumns];
        for (int64_t top = row; top < row + rows; top += mostRows)
            for (int64_t left = column; left < column + columns; left += mostColumns) {
                auto height = std::min(mostRows, row + rows - top), width = std::min(mostColumns, column + columns - left);
                for (const auto &part : group.parts) {
                    multiply(
                        height, width, group.rank(part), lowGradient[top] + part.low, lowGradient.stride,
                        stacked.data() + part.low * group.inputs + left, group.inputs, through, mostColumns, false);
                    group.ofPart(kept, part, top, left)
                        .apply(*group.dropout, height, width, through, mostColumns, result[top] + left, result.stride, true);
                }
            }
    }

private:
    const LowRankGroup<Real> &group;
    Rows<Real> lowGradient;
    KeptBits kept;
    /// A of all parts, one under another.
    std::vector<Real> stacked;
};

}  // namespace ctorch
