/// Draws training batches of equal shape from packed blocks, for ever, in an order that depends on the seed alone.
///
/// Every block comes once an epoch. An epoch whose blocks do not fill the last batch fills it from the next epoch, so that no
/// block is left out and every batch has `batchSize` rows. The order of an epoch is a Fisher–Yates shuffle (Durstenfeld's, from
/// the end) driven by ``SplitMix64``'s stream (seed, epoch): the same on every machine. Where the sampler stands is its ``state``;
/// a sampler restored from it goes on with the very batches the first would have drawn.
public struct BatchSampler: Sendable {
    public let blocks: PackedBlocks
    /// Rows a batch.
    public let batchSize: Int
    /// Where the sampler stands. Save it with a checkpoint.
    public private(set) var state: BatchSamplerState
    /// The order of epoch `state.epoch`; empty where blocks come in the shard's order.
    private var order: [UInt32]

    /// - Parameters:
    ///   - seed: fixes the order of every epoch.
    ///   - shuffle: `false` keeps the shard's order in every epoch.
    public init(blocks: PackedBlocks, batchSize: Int, seed: UInt64, shuffle: Bool = true) throws {
        try self.init(
            blocks: blocks, batchSize: batchSize,
            restoring: BatchSamplerState(
                seed: seed, shuffles: shuffle, epoch: 0, position: 0, blockCount: blocks.count,
                contentHash: blocks.shard.contentHash))
    }

    /// Goes on where another sampler stood. The batch size may differ: a position counts blocks.
    ///
    /// - Throws: `CorpusError.foreignSamplerState` where the state was taken on other blocks.
    public init(blocks: PackedBlocks, batchSize: Int, restoring state: BatchSamplerState) throws {
        guard batchSize > 0 else { throw CorpusError.badBatching(reason: "a batch of \(batchSize) blocks") }
        guard blocks.count <= Int(UInt32.max) else {
            throw CorpusError.badBatching(reason: "\(blocks.count) blocks, more than \(UInt32.max); use longer blocks")
        }
        try state.check(against: blocks)
        (self.blocks, self.batchSize, self.state) = (blocks, batchSize, state)
        order = Self.order(of: state)
    }

    /// Goes back, or forward, to `state`.
    public mutating func restore(_ state: BatchSamplerState) throws {
        self = try BatchSampler(blocks: blocks, batchSize: batchSize, restoring: state)
    }

    /// The next `batchSize` blocks.
    public mutating func next() -> TokenBatch {
        var indices: [Int] = []
        indices.reserveCapacity(batchSize)
        while indices.count < batchSize {
            if state.position == blocks.count {
                state.epoch += 1
                state.position = 0
                order = Self.order(of: state)
            }
            indices.append(state.shuffles ? Int(order[state.position]) : state.position)
            state.position += 1
        }
        return blocks.batch(indices)
    }

    private static func order(of state: BatchSamplerState) -> [UInt32] {
        guard state.shuffles else { return [] }
        var order = (0..<state.blockCount).map { UInt32($0) }
        var random = SplitMix64(seed: state.seed, stream: UInt64(state.epoch))
        for last in stride(from: order.count - 1, to: 0, by: -1) {
            order.swapAt(last, Int(random.next(below: UInt64(last) + 1)))
        }
        return order
    }
}
