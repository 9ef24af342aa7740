// Products of rows with packed weights, which are widened a tile at a time: a thread widens some outputs by some inputs into memory that
// stays in its core's cache, multiplies all rows by it (Products.h), and goes on. No weight is ever whole in float.
#include "Packed.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <memory>
#include <type_traits>
#include <vector>

#include "Guard.h"
#include "Processor.h"
#include "Products.h"
#include "Rows.h"

using namespace ctorch;

namespace {

/// Rows that are multiplied at once, and inputs or outputs that are summed over at once.
constexpr int64_t tileRows = 128, depth = 512;
/// Units of columns in the widest tile.
constexpr int64_t widest = 4;

/// One layer of those that share an input.
struct Part {
    const Packing *kind;
    const uint8_t *bytes;
    int64_t outputs, stride;
    /// The first of its columns in the output of all.
    int64_t column;

    Part(const ct_packed_part &given, int64_t inputs, int64_t column) : kind(&packing(given.kind)), column(column) {
        auto tensor = borrowed(given.bytes);
        TORCH_CHECK(
            tensor.dim() == 2 && tensor.scalar_type() == at::kByte && tensor.device().is_cpu() && tensor.is_contiguous() &&
                tensor.size(1) == kind->rowBytes(inputs) && (kind->blockInputs != 32 || inputs % 32 == 0),
            "packed rows of shape ", tensor.sizes(), " don't hold ", inputs, " inputs");
        bytes = tensor.data_ptr<uint8_t>(), outputs = tensor.size(0), stride = tensor.size(1);
    }
};

std::vector<Part> partsOf(const ct_packed_part *given, int64_t count, int64_t inputs) {
    std::vector<Part> parts;
    int64_t column = 0;
    for (int64_t i = 0; i < count; ++i) column += parts.emplace_back(given[i], inputs, column).outputs;
    return parts;
}

int64_t outputsOf(const std::vector<Part> &parts) { return parts.empty() ? 0 : parts.back().column + parts.back().outputs; }

/// Widens a tile of a part, `[count outputs, inputs]`. Through float, whatever `Real` is.
void widen(const Part &part, int64_t output, int64_t count, int64_t input, int64_t inputs, float *tile, float *) {
    part.kind->widen(part.bytes + output * part.stride, part.stride, count, input, inputs, tile, inputs);
}
void widen(const Part &part, int64_t output, int64_t count, int64_t input, int64_t inputs, double *tile, float *narrow) {
    widen(part, output, count, input, inputs, narrow, nullptr);
    std::copy_n(narrow, count * inputs, tile);
}

/// A thread's memory: a tile, and the same turned or narrower.
template <class Real>
struct Scratch {
    std::unique_ptr<Real[]> tile, turned;
    std::unique_ptr<float[]> narrow;

    explicit Scratch(int64_t columns) : tile(new Real[depth * columns]), turned(new Real[depth * columns]) {
        if constexpr (std::is_same_v<Real, double>) narrow.reset(new float[depth * columns]);
    }
};

/// The widest tile, in units of columns, that keeps all threads busy to the end.
int64_t tileUnits(int64_t units) {
    auto threads = static_cast<int64_t>(at::get_num_threads());
    int64_t best = 1;
    double bestShare = 0;
    for (auto width = widest; width >= 1; --width) {
        auto tiles = (units + width - 1) / width, rounds = (tiles + threads - 1) / threads;
        auto share = static_cast<double>(units) / static_cast<double>(rounds * threads * width);
        if (share > bestShare + 0.02) best = width, bestShare = share;
    }
    return best;
}

/// Runs `body(begin, end, width)` for whole tiles of columns, in parallel.
template <class Body>
void forTiles(int64_t columns, int64_t unit, Body &&body) {
    auto width = tileUnits((columns + unit - 1) / unit) * unit;
    inParallel((columns + width - 1) / width, 1, [&](int64_t begin, int64_t end) {
        body(begin * width, std::min(columns, end * width), width);
    });
}

/// result = input · wᵀ, part by part side by side.
template <class Real>
void forward(const std::vector<Part> &parts, const Rows<Real> &input, const Rows<Real> &result) {
    constexpr int64_t unit = 16;
    for (const auto &part : parts)
        forTiles(part.outputs, unit, [&](int64_t begin, int64_t end, int64_t width) {
            Scratch<Real> scratch(width);
            for (auto output = begin; output < end; output += width) {
                auto count = std::min(width, end - output);
                for (int64_t start = 0; start < input.width; start += depth) {
                    auto inputs = std::min(depth, input.width - start);
                    widen(part, output, count, start, inputs, scratch.tile.get(), scratch.narrow.get());
                    transpose(scratch.tile.get(), inputs, count, inputs, scratch.turned.get(), count);
                    for (int64_t row = 0; row < input.count; row += tileRows)
                        multiply(
                            std::min(tileRows, input.count - row), count, inputs, input[row] + start, input.stride,
                            scratch.turned.get(), count, result[row] + part.column + output, result.stride, start > 0);
                }
            }
        });
}

/// result = gradient · w, summed over the parts.
template <class Real>
void backward(const std::vector<Part> &parts, const Rows<Real> &gradient, const Rows<Real> &result) {
    forTiles(result.width, packedUnit, [&](int64_t begin, int64_t end, int64_t width) {
        Scratch<Real> scratch(width);
        for (auto input = begin; input < end; input += width) {
            auto count = std::min(width, end - input);
            for (const auto &part : parts)
                for (int64_t start = 0; start < part.outputs; start += depth) {
                    auto outputs = std::min(depth, part.outputs - start);
                    widen(part, start, outputs, input, count, scratch.tile.get(), scratch.narrow.get());
                    for (int64_t row = 0; row < gradient.count; row += tileRows)
                        multiply(
                            std::min(tileRows, gradient.count - row), count, outputs, gradient[row] + part.column + start,
                            gradient.stride, scratch.tile.get(), count, result[row] + input, result.stride,
                            part.column + start > 0);
                }
        }
    });
}

}  // namespace

ct_status ct_packed_row_bytes(ct_packing kind, int64_t inputs, int64_t *result) {
    return guarded([&] {
        const auto &found = packing(kind);
        TORCH_CHECK(
            inputs > 0 && (found.blockInputs != 32 || inputs % 32 == 0), "rows of ", inputs, " inputs aren't whole blocks of 32");
        *result = found.rowBytes(inputs);
    });
}

ct_status ct_packed_from(ct_packing kind, ct_tensor valuesHandle, ct_tensor bytesHandle) {
    return guarded([&] {
        auto bytes = borrowed(bytesHandle);
        Rows<float> values(borrowed(valuesHandle));
        Part part({bytesHandle, kind}, values.width, 0);
        TORCH_CHECK(part.kind->pack != nullptr && part.outputs == values.count, "can't pack rows of shape ", bytes.sizes());
        auto *first = bytes.data_ptr<uint8_t>();
        inParallel(values.count, 16, [&](int64_t begin, int64_t end) {
            for (auto row = begin; row < end; ++row) part.kind->pack(values[row], values.width, first + row * part.stride);
        });
    });
}

ct_status ct_packed_values(ct_packed_part given, ct_tensor resultHandle) {
    return guarded([&] {
        auto result = borrowed(resultHandle);
        Rows<float> values(result);
        Part part(given, values.width, 0);
        TORCH_CHECK(part.outputs == values.count, part.outputs, " packed rows aren't ", values.count);
        inParallel(values.count, 16, [&](int64_t begin, int64_t end) {
            part.kind->widen(
                part.bytes + begin * part.stride, part.stride, end - begin, 0, values.width, values[begin], values.stride);
        });
    });
}

ct_status ct_packed_forward(ct_tensor resultHandle, ct_tensor inputHandle, const ct_packed_part *given, int64_t count) {
    return guarded([&] {
        auto result = borrowed(resultHandle), input = borrowed(inputHandle);
        forReal(input, [&]<class Real>() {
            Rows<Real> in(input), out(result);
            auto parts = partsOf(given, count, in.width);
            TORCH_CHECK(
                in.count == out.count && out.width == outputsOf(parts), "rows of shape ", input.sizes(), " by ", outputsOf(parts),
                " outputs don't give ", result.sizes());
            forward<Real>(parts, in, out);
        });
    });
}

ct_status ct_packed_backward(ct_tensor resultHandle, ct_tensor gradientHandle, const ct_packed_part *given, int64_t count) {
    return guarded([&] {
        auto result = borrowed(resultHandle), gradient = borrowed(gradientHandle);
        forReal(gradient, [&]<class Real>() {
            Rows<Real> of(gradient), out(result);
            auto parts = partsOf(given, count, out.width);
            TORCH_CHECK(
                of.count == out.count && of.width == outputsOf(parts), "a gradient of shape ", gradient.sizes(), " by ",
                outputsOf(parts), " outputs doesn't give ", result.sizes());
            backward<Real>(parts, of, out);
        });
    });
}
