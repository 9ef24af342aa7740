import Torch

/// Keys and values of the tokens a generation has seen, layer by layer.
public final class KeyValueCache {
    /// Tokens in the cache.
    public private(set) var length = 0
    private var layers: [Int: (keys: Tensor, values: Tensor)] = [:]

    public init() {}

    /// All keys and values of a layer, the new ones last. `[B, heads, T, headSize]`
    func appending(_ keys: Tensor, _ values: Tensor, layer: Int) -> (Tensor, Tensor) {
        if let before = layers[layer] {
            layers[layer] = (
                .concatenated([before.keys, keys], along: 2), .concatenated([before.values, values], along: 2)
            )
        } else {
            layers[layer] = (keys, values)
        }
        return layers[layer]!
    }

    func advance(by count: Int) { length += count }
}
