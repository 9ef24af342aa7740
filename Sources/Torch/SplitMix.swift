/// SplitMix64 (Steele et al. 2014) as a hash: what keys of random streams are made with.
package enum SplitMix {
    /// The finalizer after one step of the sequence.
    package static func mixed(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
