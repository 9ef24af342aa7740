/// Draws training batches of equal shape, for ever: from one corpus (``BatchSampler``) or from several (``MixtureSampler``).
public protocol BlockSampler: Sendable {
    /// Rows a batch.
    var batchSize: Int { get }
    /// What it draws from, under the numbers that its batches give.
    var series: BlockSeries { get }
    /// Where it stands, a state a corpus. Save them with a checkpoint.
    var states: [BatchSamplerState] { get }

    /// Goes back, or forward, to where it stood.
    ///
    /// - Throws: `CorpusError.foreignSamplerState` where the states were taken on other blocks.
    mutating func restore(_ states: [BatchSamplerState]) throws

    mutating func next() -> TokenBatch
}

extension BatchSampler: BlockSampler {
    public var series: BlockSeries { BlockSeries(blocks) }
    public var states: [BatchSamplerState] { [state] }

    public mutating func restore(_ states: [BatchSamplerState]) throws {
        guard states.count == 1 else {
            throw CorpusError.foreignSamplerState(reason: "a mixture of \(states.count) corpora then, one corpus now")
        }
        try restore(states[0])
    }
}
