import Torch

/// The random streams of a run: a stream of its own for each purpose and place, derived from one seed.
///
/// Nothing carries over from step to step, so a resumed run draws what an uninterrupted one would have drawn.
package struct RunSeed: Sendable {
    enum Purpose: UInt64 { case selection = 1, dropout = 2 }

    let value: UInt64

    package init(value: UInt64) { self.value = value }

    /// Streams for measuring what a selection does, none of which the run itself uses.
    var forProbing: RunSeed { RunSeed(value: Self.mixed(~value)) }

    func generator(_ purpose: Purpose, step: Int, microBatch: Int) -> Generator {
        var mixed = value
        for part in [purpose.rawValue, UInt64(step), UInt64(microBatch)] { mixed = Self.mixed(mixed ^ Self.mixed(part)) }
        return Generator(seed: mixed)
    }

    /// SplitMix64's finalizer (Steele et al. 2014) after one step of its sequence.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
