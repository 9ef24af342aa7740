// Products of rows with packed weights, whose tiles (TiledProducts.h) are widened when it is their turn: no weight is ever whole in float.
#include "Guard.h"
#include "PackedSource.h"

using namespace ctorch;

namespace {

PackedSource sourceOf(const ct_packed_part &given, int64_t inputs) {
    const auto &kind = packing(given.kind);
    auto tensor = borrowed(given.bytes);
    TORCH_CHECK(
        tensor.dim() == 2 && tensor.scalar_type() == at::kByte && tensor.device().is_cpu() && tensor.is_contiguous() &&
            tensor.size(1) == kind.rowBytes(inputs) && (kind.blockInputs != 32 || inputs % 32 == 0),
        "packed rows of shape ", tensor.sizes(), " don't hold ", inputs, " inputs");
    return {&kind, tensor.data_ptr<uint8_t>(), tensor.size(0), tensor.size(1)};
}

using Parts = std::vector<TiledPart<PackedSource>>;

Parts partsOf(const ct_packed_part *given, int64_t count, int64_t inputs) {
    Parts parts;
    for (int64_t i = 0; i < count; ++i) {
        auto source = sourceOf(given[i], inputs);
        parts.push_back({source, outputsOf(parts)});
    }
    return parts;
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
        auto part = sourceOf({bytesHandle, kind}, values.width);
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
        auto part = sourceOf(given, values.width);
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
            multiplyForward(parts, in, out);
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
            multiplyBackward(parts, of, out);
        });
    });
}
