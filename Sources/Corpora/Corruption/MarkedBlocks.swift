/// Marked texts one after another, cut into blocks as a study cuts its corpora.
public struct MarkedBlocks: Sendable, Equatable {
    /// A token that counts.
    public struct Counted: Sendable, Equatable {
        public let block: Int
        public let isBad: Bool

        public init(block: Int, isBad: Bool) { (self.block, self.isBad) = (block, isBad) }
    }

    public let blockLength: Int
    public let count: Int
    /// Texts that were passed over because their tokens don't spell them.
    public let unspelled: Int
    private let marked: MarkedTokens

    /// - Parameters:
    ///   - texts: read no further than `tokenLimit` asks.
    ///   - what: what an error calls the texts.
    ///   - separatorID: as in `PackedBlocks`; it counts neither as good nor as bad.
    ///   - tokenLimit: rounded down to whole blocks, at least one.
    /// - Throws: `CorpusError.tooFewMarkedTokens` where there is not a single block.
    public init(
        _ texts: some Sequence<MarkedText>, of what: String, encoder: some TextEncoder, separatorID: Int32? = nil,
        blockLength: Int, tokenLimit: Int
    ) throws {
        precondition(blockLength >= 2, "a block of \(blockLength) predicts nothing")
        let limit = max(1, tokenLimit / blockLength)
        var marked = MarkedTokens()
        var unspelled = 0
        for text in texts {
            guard let tokens = MarkedTokens(text, encoder: encoder) else {
                unspelled += 1
                continue
            }
            marked.append(tokens)
            if let separatorID { marked.append(separatorID, .context) }
            if marked.tokens.count >= limit * blockLength { break }
        }
        count = min(limit, marked.tokens.count / blockLength)
        guard count > 0 else {
            throw CorpusError.tooFewMarkedTokens(what: what, tokens: marked.tokens.count, blockLength: blockLength)
        }
        (self.marked, self.unspelled, self.blockLength) = (marked, unspelled, blockLength)
    }

    /// The tokens that count, in the order of the batches' valid positions. A block's first token is predicted by nothing.
    public var counted: [Counted] {
        (0..<count * blockLength).compactMap { place in
            place % blockLength > 0 && marked.marks[place] != .context
                ? Counted(block: place / blockLength, isBad: marked.marks[place] == .bad) : nil
        }
    }

    /// All blocks, at most `size` a batch.
    public func batches(of size: Int) -> [TokenBatch] {
        stride(from: 0, to: count, by: size).map { first in
            batch(first..<min(first + size, count))
        }
    }

    private func batch(_ blocks: Range<Int>) -> TokenBatch {
        let places = blocks.lowerBound * blockLength..<blocks.upperBound * blockLength
        let inputIDs = Array(marked.tokens[places])
        return TokenBatch(
            batchSize: blocks.count, sequenceLength: blockLength, inputIDs: inputIDs,
            targetIDs: inputIDs.indices.map { isLast($0) ? 0 : inputIDs[$0 + 1] },
            validMask: inputIDs.indices.map { !isLast($0) && marked.marks[places.lowerBound + $0 + 1] != .context },
            documentIDs: inputIDs.map { _ in 0 }, blockIndices: Array(blocks))
    }

    private func isLast(_ place: Int) -> Bool { place % blockLength == blockLength - 1 }
}
