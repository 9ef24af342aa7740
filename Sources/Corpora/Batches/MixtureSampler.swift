/// Draws training batches from several corpora, each with its share of the blocks.
///
/// Shares are kept exactly and not on average: every block is drawn from the corpus that is furthest behind its share, ties to
/// the earlier one, so that after n blocks a corpus with the share s has given between s·n − 1 and s·n + 1. Within a corpus
/// blocks come in its own ``BatchSampler``'s order. So the corpora's states say where the mixture stands.
///
/// Blocks of all corpora are numbered through, the first corpus's first: `TokenBatch.blockIndices` are unique in the mixture, and
/// so are `documentIDs`.
public struct MixtureSampler: BlockSampler {
    public struct Source: Sendable {
        public let blocks: PackedBlocks
        /// Its share of the blocks is weight ÷ the weights' sum.
        public let weight: Double

        public init(_ blocks: PackedBlocks, weight: Double) { (self.blocks, self.weight) = (blocks, weight) }
    }

    public let batchSize: Int
    private var samplers: [BatchSampler]
    private let shares: [Double]
    /// Of each corpus, in the numbering through all.
    private let blockOffsets: [Int]
    private let documentOffsets: [Int32]

    /// - Throws: `CorpusError.badBatching` where there is no corpus, a weight isn't positive, or blocks differ in length.
    public init(_ sources: [Source], batchSize: Int, seed: UInt64) throws {
        guard let length = sources.first?.blocks.blockLength else {
            throw CorpusError.badBatching(reason: "a mixture of nothing")
        }
        guard batchSize > 0 else { throw CorpusError.badBatching(reason: "a batch of \(batchSize) blocks") }
        for source in sources {
            guard source.weight > 0, source.weight.isFinite else {
                throw CorpusError.badBatching(reason: "the weight \(source.weight) of \(source.blocks.shard.url.path)")
            }
            guard source.blocks.blockLength == length else {
                throw CorpusError.badBatching(
                    reason: "blocks of \(length) and of \(source.blocks.blockLength) tokens in a mixture")
            }
        }
        let total = sources.reduce(0) { $0 + $1.weight }
        shares = sources.map { $0.weight / total }
        samplers = try sources.map { try BatchSampler(blocks: $0.blocks, batchSize: 1, seed: seed) }
        blockOffsets = sources.indices.map { index in sources[..<index].reduce(0) { $0 + $1.blocks.count } }
        documentOffsets = sources.indices.map { index in
            Int32(sources[..<index].reduce(0) { $0 + $1.blocks.shard.documentCount })
        }
        self.batchSize = batchSize
    }

    public var firstBlocks: PackedBlocks { samplers[0].blocks }
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
        var block = samplers[source].next()
        block.blockIndices[0] += blockOffsets[source]
        for place in block.documentIDs.indices { block.documentIDs[place] += documentOffsets[source] }
        return block
    }
}

extension TokenBatch {
    /// Batches of one row and of equal length, one under another.
    fileprivate init(rows: [TokenBatch]) {
        self.init(
            batchSize: rows.count, sequenceLength: rows[0].sequenceLength, inputIDs: rows.flatMap(\.inputIDs),
            targetIDs: rows.flatMap(\.targetIDs), validMask: rows.flatMap(\.validMask), documentIDs: rows.flatMap(\.documentIDs),
            blockIndices: rows.flatMap(\.blockIndices))
    }
}
