/// Every block once, in the shard's order, or some from all over it: what an evaluation runs over. The last batch may have fewer
/// rows.
///
/// With blocks cut by ``PackedBlocks/Tail/pad`` every token of the split is there; padding is masked.
public struct EvaluationBatches: Sequence, Sendable {
    public let blocks: PackedBlocks
    /// Rows a batch, but for the last.
    public let batchSize: Int
    /// How many of the blocks to run over.
    public let blockCount: Int

    /// - Parameter limit: at most so many blocks, evenly spread over the split, since its beginning is a few documents; `nil` for
    ///   all.
    public init(blocks: PackedBlocks, batchSize: Int, limit: Int? = nil) throws {
        guard batchSize > 0 else { throw CorpusError.badBatching(reason: "a batch of \(batchSize) blocks") }
        if let limit, limit < 1 { throw CorpusError.badBatching(reason: "an evaluation of \(limit) blocks") }
        (self.blocks, self.batchSize) = (blocks, batchSize)
        blockCount = Swift.min(limit ?? blocks.count, blocks.count)
    }

    /// The number of batches.
    public var count: Int { (blockCount + batchSize - 1) / batchSize }

    public struct Iterator: IteratorProtocol {
        fileprivate let batches: EvaluationBatches
        fileprivate var position = 0

        public mutating func next() -> TokenBatch? {
            guard position < batches.blockCount else { return nil }
            let places = position..<Swift.min(position + batches.batchSize, batches.blockCount)
            position = places.upperBound
            return batches.blocks.batch(places.map { $0 * batches.blocks.count / batches.blockCount })
        }
    }

    public func makeIterator() -> Iterator { Iterator(batches: self) }
}
