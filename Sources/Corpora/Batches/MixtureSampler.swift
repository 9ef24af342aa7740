/// Draws training batches from several corpora, each with its share of the blocks.
///
/// Shares are kept exactly and not on average: every block is drawn from the corpus that is furthest behind its share, ties to
/// the earlier one, so that after n blocks a corpus with the share s has given between s·n − 1 and s·n + 1. Within a corpus
/// blocks come in its own ``BatchSampler``'s order. So the corpora's states say where the mixture stands.
///
/// Blocks and documents have the numbers of its ``BlockSeries``.
public struct MixtureSampler: BlockSampler {
    public struct Source: Sendable {
        public let blocks: PackedBlocks
        /// Its share of the blocks is weight ÷ the weights' sum.
        public let weight: Double

        public init(_ blocks: PackedBlocks, weight: Double) { (self.blocks, self.weight) = (blocks, weight) }
    }

    public let series: BlockSeries
    public let batchSize: Int
    private var samplers: [BatchSampler]
    private let shares: [Double]

    /// - Throws: `CorpusError.badBatching` where there is no corpus, a weight isn't positive, or blocks are cut differently.
    public init(_ sources: [Source], batchSize: Int, seed: UInt64) throws {
        series = try BlockSeries(sources.map(\.blocks))
        guard batchSize > 0 else { throw CorpusError.badBatching(reason: "a batch of \(batchSize) blocks") }
        for source in sources where !(source.weight > 0 && source.weight.isFinite) {
            throw CorpusError.badBatching(reason: "the weight \(source.weight) of \(source.blocks.shard.url.path)")
        }
        let total = sources.reduce(0) { $0 + $1.weight }
        shares = sources.map { $0.weight / total }
        samplers = try sources.map { try BatchSampler(blocks: $0.blocks, batchSize: 1, seed: seed) }
        self.batchSize = batchSize
    }

    public var states: [BatchSamplerState] { samplers.map(\.state) }

    public mutating func restore(_ states: [BatchSamplerState]) throws {
        guard states.count == samplers.count else {
            throw CorpusError.foreignSamplerState(reason: "\(states.count) corpora then, \(samplers.count) now")
        }
        for index in samplers.indices { try samplers[index].restore(states[index]) }
    }

    public mutating func next() -> TokenBatch { TokenBatch(rows: (0..<batchSize).map { _ in nextBlock() }) }

    private mutating func nextBlock() -> TokenBatch {
        let drawn = samplers.map { $0.state.epoch * $0.state.blockCount + $0.state.position }
        let total = Double(drawn.reduce(1, +))
        var (source, deficit) = (0, -Double.infinity)
        for index in samplers.indices where shares[index] * total - Double(drawn[index]) > deficit {
            (source, deficit) = (index, shares[index] * total - Double(drawn[index]))
        }
        return series.numbered(samplers[source].next(), from: source)
    }
}
