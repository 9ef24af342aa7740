/// The generator behind every order Winnow draws for a corpus: the same numbers on every machine and in every release.
///
/// Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014: the state is a counter that advances
/// by the golden ratio, and an output is the counter well mixed.
struct SplitMix64 {
    private var counter: UInt64

    /// The stream that belongs to `seed` and `index`. Mixed, because `seed + index` would give overlapping streams.
    init(seed: UInt64, stream index: UInt64) {
        counter = Self.mix(seed ^ Self.mix(index &+ Self.golden))
    }

    mutating func next() -> UInt64 {
        counter &+= Self.golden
        return Self.mix(counter)
    }

    /// A uniform number below `bound`, without bias (Lemire, *Fast random integer generation in an interval*, 2019).
    mutating func next(below bound: UInt64) -> UInt64 {
        precondition(bound > 0)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    private static let golden: UInt64 = 0x9E37_79B9_7F4A_7C15

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
