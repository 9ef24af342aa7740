/// The blocks of one corpus, or of several numbered through, the first corpus's first: what `TokenBatch.blockIndices` count.
///
/// A block's number depends on which corpora there are and on their order, and not on how often one is drawn from. So what is
/// kept by these numbers, such as a reference's losses, serves every mixture of the same corpora.
public struct BlockSeries: Sendable {
    /// At least one, all cut alike.
    public let corpora: [PackedBlocks]
    /// The number of blocks of all.
    public let count: Int
    /// Of each corpus's first block and first document.
    private let offsets: [(block: Int, document: Int32)]

    public init(_ corpus: PackedBlocks) {
        (corpora, count, offsets) = ([corpus], corpus.count, [(0, 0)])
    }

    /// - Throws: `CorpusError.badBatching` where there is no corpus, or two are cut differently.
    public init(_ corpora: [PackedBlocks]) throws {
        guard let first = corpora.first else { throw CorpusError.badBatching(reason: "a mixture of nothing") }
        for other in corpora where other.cut != first.cut {
            throw CorpusError.badBatching(reason: "a mixture of \(first.cut) with \(other.cut)")
        }
        var (blocks, documents, offsets) = (0, 0, [(block: Int, document: Int32)]())
        for corpus in corpora {
            offsets.append((blocks, Int32(documents)))
            (blocks, documents) = (blocks + corpus.count, documents + corpus.shard.documentCount)
            guard documents <= Int(Int32.max) else {
                throw CorpusError.badBatching(reason: "a mixture of \(documents) documents, more than \(Int32.max)")
            }
        }
        (self.corpora, count, self.offsets) = (corpora, blocks, offsets)
    }

    public var blockLength: Int { corpora[0].blockLength }
    public var separatorID: Int32? { corpora[0].separatorID }
    public var tail: PackedBlocks.Tail { corpora[0].tail }

    /// Of the corpora's tokens, in their order.
    public var contentHash: String { corpora.map(\.shard.contentHash).joined(separator: "+") }

    /// The blocks `indices`, in that order: `[indices.count, blockLength]`. Documents are numbered through as well.
    public func batch(_ indices: [Int]) -> TokenBatch {
        guard corpora.count > 1, !indices.isEmpty else { return corpora[0].batch(indices) }
        return TokenBatch(
            rows: indices.map { index in
                precondition(index >= 0 && index < count, "block \(index) of \(count)")
                let corpus = offsets.lastIndex { $0.block <= index }!
                return numbered(corpora[corpus].block(index - offsets[corpus].block), from: corpus)
            })
    }

    /// A block that `corpus` has numbered by itself, under its number here.
    func numbered(_ block: TokenBatch, from corpus: Int) -> TokenBatch {
        var block = block
        for row in block.blockIndices.indices { block.blockIndices[row] += offsets[corpus].block }
        // Padding is of no document.
        for place in block.documentIDs.indices where block.documentIDs[place] >= 0 {
            block.documentIDs[place] += offsets[corpus].document
        }
        return block
    }
}

extension PackedBlocks {
    /// How it is cut, in words.
    fileprivate var cut: String {
        "blocks of \(blockLength) tokens ("
            + (separatorID.map { "separated by token \($0)" } ?? "not separated")
            + (tail == .pad ? ", the last padded)" : ")")
    }
}

extension TokenBatch {
    /// Batches of one row and of equal length, one under another.
    init(rows: [TokenBatch]) {
        self.init(
            batchSize: rows.count, sequenceLength: rows[0].sequenceLength, inputIDs: rows.flatMap(\.inputIDs),
            targetIDs: rows.flatMap(\.targetIDs), validMask: rows.flatMap(\.validMask), documentIDs: rows.flatMap(\.documentIDs),
            blockIndices: rows.flatMap(\.blockIndices))
    }
}
