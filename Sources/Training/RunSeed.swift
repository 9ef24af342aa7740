import Torch

/// The random streams of a run: a stream of its own for each purpose and place, derived from one seed.
///
/// Nothing carries over from step to step, so a resumed run draws what an uninterrupted one would have drawn.
package struct RunSeed: Sendable {
    enum Purpose: UInt64 { case selection = 1, dropout = 2 }

    let value: UInt64

    package init(value: UInt64) { self.value = value }

    /// Streams for measuring what a selection does, none of which the run itself uses.
    var forProbing: RunSeed { RunSeed(value: SplitMix.mixed(~value)) }

    func generator(_ purpose: Purpose, step: Int, microBatch: Int) -> Generator {
        Generator(seed: key(purpose, step: step, microBatch: microBatch))
    }

    func key(_ purpose: Purpose, step: Int, microBatch: Int) -> UInt64 {
        [purpose.rawValue, UInt64(step), UInt64(microBatch)].reduce(value) { SplitMix.mixed($0 ^ SplitMix.mixed($1)) }
    }
}
