/// One micro-batch on its way to the model: host memory, `[batch, sequence]` row-major.
public struct TokenBatch: Sendable, Equatable {
    public var batchSize: Int
    public var sequenceLength: Int
    /// The block's tokens.
    public var inputIDs: [Int32]
    /// `targetIDs[b, t] = inputIDs[b, t + 1]`; 0 in the last column, which predicts nothing.
    public var targetIDs: [Int32]
    /// Which positions have a target that counts: `false` in the last column and wherever the target is padding.
    public var validMask: [Bool]
    /// The document each token of `inputIDs` came from, an index into the shard's documents, or through those of a `BlockSeries`.
    public var documentIDs: [Int32]
    /// Where each row stands in the shard or the `BlockSeries`, in blocks: what a reference-loss store's rows are found by.
    public var blockIndices: [Int]

    public var validCount: Int { validMask.reduce(0) { $0 + ($1 ? 1 : 0) } }

    public init(
        batchSize: Int, sequenceLength: Int, inputIDs: [Int32], targetIDs: [Int32], validMask: [Bool], documentIDs: [Int32],
        blockIndices: [Int]
    ) {
        (self.batchSize, self.sequenceLength) = (batchSize, sequenceLength)
        (self.inputIDs, self.targetIDs, self.validMask) = (inputIDs, targetIDs, validMask)
        (self.documentIDs, self.blockIndices) = (documentIDs, blockIndices)
    }
}
