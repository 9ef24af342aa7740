// Products of rows with weights as they lie in memory. Tiles of float32 (TiledProducts.h) are turned on the way forward, and read where
// they are on the way back; those of bfloat16 are widened.
#include "LowRank.h"
#include "PackedSource.h"

using namespace ctorch;

namespace {

struct DenseSource {
    static constexpr int64_t unit = 1;
    Rows<float> rows;
    int64_t outputs;

    explicit DenseSource(const at::Tensor &weight) : rows(weight), outputs(rows.count) {}

    template <class>
    struct Scratch {
        std::unique_ptr<float[]> turned;
    };

    Tile<float> turned(Scratch<float> &scratch, int64_t output, int64_t count, int64_t input, int64_t inputs) const {
        if (!scratch.turned) scratch.turned.reset(new float[tileDepth * tileWidth]);
        transpose(rows[output] + input, rows.stride, count, inputs, scratch.turned.get(), count);
        return {scratch.turned.get(), count};
    }
    Tile<float> straight(Scratch<float> &, int64_t output, int64_t, int64_t input, int64_t) const {
        return {rows[output] + input, rows.stride};
    }
};

/// Calls `body(parts)` with the weight as one part, of the kind of source that its type asks for.
template <class Body>
void withSource(const at::Tensor &weight, Body &&body) {
    if (weight.scalar_type() != at::kBFloat16) return body(std::vector<TiledPart<DenseSource>>{{DenseSource(weight), 0}});
    Rows<at::BFloat16> rows(weight);
    PackedSource source{
        &packing(ct_packing_bfloat16), reinterpret_cast<const uint8_t *>(rows.first), rows.count,
        rows.stride * static_cast<int64_t>(sizeof(at::BFloat16))};
    body(std::vector<TiledPart<PackedSource>>{{source, 0}});
}

}  // namespace

ct_status ct_dense_forward(
    ct_tensor resultHandle, ct_tensor inputHandle, ct_tensor weightHandle, const ct_low_rank_group *adapters, ct_tensor lowHandle) {
    return guarded([&] {
        auto result = borrowed(resultHandle), input = borrowed(inputHandle), weight = borrowed(weightHandle);
        TORCH_CHECK(
            input.size(0) == result.size(0) && input.size(1) == weight.size(1) && result.size(1) == weight.size(0),
            "rows of shape ", input.sizes(), " by a weight of shape ", weight.sizes(), " don't give ", result.sizes());
        Rows<float> in(input), out(result);
        withSource(weight, [&](const auto &parts) {
            if (!adapters) return multiplyForward(parts, in, out);
            auto low = borrowed(lowHandle);
            LowRankGroup<float> group(*adapters, in.width, out.width);
            group.check(low, input);
            multiplyForward(parts, in, out, LowRankOutput<float>(group, Rows<float>(low)));
        });
    });
}

ct_status ct_dense_backward(
    ct_tensor resultHandle, ct_tensor gradientHandle, ct_tensor weightHandle, const ct_low_rank_group *adapters,
    ct_tensor lowGradientHandle, ct_tensor keptHandle) {
    return guarded([&] {
        auto result = borrowed(resultHandle), gradient = borrowed(gradientHandle), weight = borrowed(weightHandle);
        TORCH_CHECK(
            gradient.size(0) == result.size(0) && gradient.size(1) == weight.size(0) && result.size(1) == weight.size(1),
            "a gradient of shape ", gradient.sizes(), " by a weight of shape ", weight.sizes(), " doesn't give ", result.sizes());
        Rows<float> of(gradient), out(result);
        withSource(weight, [&](const auto &parts) {
            if (!adapters) return multiplyBackward(parts, of, out);
            auto lowGradient = borrowed(lowGradientHandle);
            LowRankGroup<float> group(*adapters, out.width, of.width);
            group.check(lowGradient, gradient);
            multiplyBackward(
                parts, of, out,
                LowRankInputGradient<float>(group, Rows<float>(lowGradient), group.keptBits(borrowed(keptHandle), of.count)));
        });
    });
}
