// Products of rows with weights, tile by tile: a thread takes some columns of the result, has the part of the weight that they need in its
// core's cache, multiplies all rows by it (Products.h), and goes on.
//
// A `Source` is a weight `[outputs, inputs]` that gives its tiles, each as a pointer and the distance of its rows, good until the next
// call with the same `Scratch<Real>`, a thread's memory:
//   turned(scratch, output, count, input, inputs)      `[inputs, count]`
//   straight(scratch, output, outputs, input, count)   `[outputs, count]`
// `input` is a multiple of its `unit`; so is the number of inputs, but for the last.
#pragma once

#include <memory>
#include <vector>

#include "Products.h"
#include "Rows.h"

namespace ctorch {

/// Rows that are multiplied at once, the most inputs or outputs that are summed over at once, and the widest tile: 288 KiB of float32 and as
/// much of the rows, a part of a core's 1 MiB. Half or twice of each took as long (docs/ExperimentLog.md, 2026-11-27).
constexpr int64_t tileRows = 128, tileDepth = 576, tileWidth = 128;

template <class Real>
struct Tile {
    const Real *first;
    int64_t stride;
};

/// A weight's columns in the output of all that share an input.
template <class Source>
struct TiledPart {
    Source source;
    int64_t column;
};

template <class Source>
int64_t outputsOf(const std::vector<TiledPart<Source>> &parts) {
    return parts.empty() ? 0 : parts.back().column + parts.back().source.outputs;
}

/// Calls `body(start, size)` for even pieces of `begin..<end`, none longer than `most`, each but the last a multiple of `unit`, as `most`
/// is.
template <class Body>
void inPieces(int64_t begin, int64_t end, int64_t most, int64_t unit, Body &&body) {
    auto count = end - begin;
    if (count <= 0) return;
    auto pieces = (count + most - 1) / most;
    auto size = ((count + pieces - 1) / pieces + unit - 1) / unit * unit;
    for (auto start = begin; start < end; start += size) body(start, std::min(size, end - start));
}

/// Shares columns among threads in whole units, `body(begin, end)` on each: evenly where there are many more than threads.
template <class Body>
void forColumns(int64_t columns, int64_t unit, Body &&body) {
    inParallel((columns + unit - 1) / unit, 1, [&](int64_t begin, int64_t end) {
        body(begin * unit, std::min(columns, end * unit));
    });
}

/// For products that nothing is added to.
struct NoAddition {
    template <class Real>
    void operator()(int64_t, int64_t, int64_t, int64_t, const Rows<Real> &) const {}
};

/// result = input · wᵀ, part by part side by side. `addition(row, rows, column, columns, result)` follows on each tile.
template <class Real, class Source, class Addition = NoAddition>
void multiplyForward(
    const std::vector<TiledPart<Source>> &parts, const Rows<Real> &input, const Rows<Real> &result,
    const Addition &addition = {}) {
    TORCH_CHECK(input.width > 0, "rows without inputs");
    // A register holds 16 columns.
    constexpr int64_t unit = 16;
    for (const auto &part : parts)
        forColumns(part.source.outputs, unit, [&](int64_t begin, int64_t end) {
            typename Source::template Scratch<Real> scratch;
            inPieces(begin, end, tileWidth, unit, [&](int64_t output, int64_t count) {
                inPieces(0, input.width, tileDepth, Source::unit, [&](int64_t start, int64_t inputs) {
                    Tile<Real> tile = part.source.turned(scratch, output, count, start, inputs);
                    inPowersOfTwo(input.count, tileRows, [&](int64_t row, int64_t rows) {
                        multiply(
                            rows, count, inputs, input[row] + start, input.stride, tile.first, tile.stride,
                            result[row] + part.column + output, result.stride, start > 0);
                        if (start + inputs == input.width) addition(row, rows, part.column + output, count, result);
                    });
                });
            });
        });
}

/// result = gradient · w, summed over the parts, and `addition` as above.
template <class Real, class Source, class Addition = NoAddition>
void multiplyBackward(
    const std::vector<TiledPart<Source>> &parts, const Rows<Real> &gradient, const Rows<Real> &result,
    const Addition &addition = {}) {
    TORCH_CHECK(outputsOf(parts) > 0, "a weight without outputs");
    // Dropout's masks are asked in units of 32.
    constexpr int64_t unit = std::max<int64_t>(32, Source::unit);
    forColumns(result.width, unit, [&](int64_t begin, int64_t end) {
        typename Source::template Scratch<Real> scratch;
        inPieces(begin, end, tileWidth, unit, [&](int64_t input, int64_t count) {
            for (const auto &part : parts)
                inPieces(0, part.source.outputs, tileDepth, 32, [&](int64_t start, int64_t outputs) {
                    Tile<Real> tile = part.source.straight(scratch, start, outputs, input, count);
                    auto isFirst = part.column + start == 0, isLast = part.column + start + outputs == outputsOf(parts);
                    inPowersOfTwo(gradient.count, tileRows, [&](int64_t row, int64_t rows) {
                        multiply(
                            rows, count, outputs, gradient[row] + part.column + start, gradient.stride, tile.first, tile.stride,
                            result[row] + input, result.stride, !isFirst);
                        if (isLast) addition(row, rows, input, count, result);
                    });
                });
        });
    });
}

}  // namespace ctorch
