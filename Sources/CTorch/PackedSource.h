// A weight whose tiles are widened when it is their turn.
#pragma once

#include <algorithm>
#include <type_traits>

#include "Packed.h"
#include "TiledProducts.h"

namespace ctorch {

/// One layer's rows, `stride` bytes apart. Through float, whatever `Real` is.
struct PackedSource {
    static constexpr int64_t unit = packedUnit;
    const Packing *kind;
    const uint8_t *bytes;
    int64_t outputs, stride;

    /// A tile as it is widened, in `Real` where that is another type, and turned.
    template <class Real>
    struct Scratch {
        std::unique_ptr<float[]> widened{new float[tileDepth * tileWidth]};
        std::unique_ptr<Real[]> tile{std::is_same_v<Real, float> ? nullptr : new Real[tileDepth * tileWidth]};
        std::unique_ptr<Real[]> turned;
    };

    template <class Real>
    Tile<Real> turned(Scratch<Real> &scratch, int64_t output, int64_t count, int64_t input, int64_t inputs) const {
        auto tile = straight(scratch, output, count, input, inputs);
        if (!scratch.turned) scratch.turned.reset(new Real[tileDepth * tileWidth]);
        transpose(tile.first, tile.stride, count, inputs, scratch.turned.get(), count);
        return {scratch.turned.get(), count};
    }
    template <class Real>
    Tile<Real> straight(Scratch<Real> &scratch, int64_t output, int64_t count, int64_t input, int64_t inputs) const {
        kind->widen(bytes + output * stride, stride, count, input, inputs, scratch.widened.get(), inputs);
        if constexpr (std::is_same_v<Real, float>) {
            return {scratch.widened.get(), inputs};
        } else {
            std::copy_n(scratch.widened.get(), count * inputs, scratch.tile.get());
            return {scratch.tile.get(), inputs};
        }
    }
};

}  // namespace ctorch
