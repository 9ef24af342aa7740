import RunRecords

/// One run's value of every held-out token, and the seed it was trained with.
///
/// The values are usually losses, but anything of a token will do: a `PairedDifference` of indicators (1 where a token moved
/// from one bucket to another) is a difference of shares.
public struct SeededLosses: Sendable, Equatable {
    /// Runs of two arms with the same seed saw the same data in the same order, and are compared as a pair.
    public var seed: UInt64
    public var losses: TokenLosses

    public init(seed: UInt64, losses: TokenLosses) { (self.seed, self.losses) = (seed, losses) }
}
