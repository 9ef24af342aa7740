/// A split cut into blocks of equal length: documents one after another, with or without a separator, no padding between.
///
/// Nothing is copied until a block is asked for. Block `i` holds the tokens `i · blockLength ..< (i + 1) · blockLength` of the
/// stream; a target never reaches into the next block, so the last position of a block predicts nothing.
public struct PackedBlocks: Sendable {
    /// What becomes of the tokens that do not fill the last block.
    public enum Tail: String, Sendable, Codable {
        /// They are left out: training, where every batch has the same shape.
        case drop
        /// They are a last block, filled up with token 0, masked, of document −1: evaluation, where every token counts.
        /// A tail of one token predicts nothing and is left out.
        case pad
    }

    /// The tokens: one shard, or several that are read as one.
    public let shard: TokenShards
    public let blockLength: Int
    /// The token that follows every document, usually the end of text; `nil` puts documents directly together.
    public let separatorID: Int32?
    public let tail: Tail
    /// The number of blocks.
    public let count: Int

    /// - Throws: `CorpusError.shorterThanBlock` where there is not a single block.
    public init(shard: TokenShard, blockLength: Int, separatorID: Int32? = nil, tail: Tail = .drop) throws {
        try self.init(shard: TokenShards(shard), blockLength: blockLength, separatorID: separatorID, tail: tail)
    }

    /// - Throws: `CorpusError.shorterThanBlock` where there is not a single block.
    public init(shard: TokenShards, blockLength: Int, separatorID: Int32? = nil, tail: Tail = .drop) throws {
        guard blockLength >= 2 else {
            throw CorpusError.badBatching(reason: "a block of \(blockLength) predicts nothing; the shortest has 2 tokens")
        }
        if let separatorID, separatorID < 0 || Int(separatorID) >= shard.vocabularySize {
            throw CorpusError.tokenOutOfVocabulary(token: Int(separatorID), vocabularySize: shard.vocabularySize)
        }
        let length = shard.tokenCount + (separatorID == nil ? 0 : shard.documentCount)
        let remainder = length % blockLength
        count = length / blockLength + (tail == .pad && remainder >= 2 ? 1 : 0)
        guard count > 0 else {
            throw CorpusError.shorterThanBlock(path: shard.url.path, tokens: length, blockLength: blockLength)
        }
        (self.shard, self.blockLength, self.separatorID, self.tail) = (shard, blockLength, separatorID, tail)
        streamLength = length
    }

    /// Block `index` as a batch of one.
    public func block(_ index: Int) -> TokenBatch { batch([index]) }

    /// The blocks `indices`, in that order: `[indices.count, blockLength]`.
    public func batch(_ indices: [Int]) -> TokenBatch {
        let total = indices.count * blockLength
        var batch = TokenBatch(
            batchSize: indices.count, sequenceLength: blockLength,
            inputIDs: [Int32](repeating: 0, count: total), targetIDs: [Int32](repeating: 0, count: total),
            validMask: [Bool](repeating: false, count: total), documentIDs: [Int32](repeating: -1, count: total),
            blockIndices: indices)
        for (row, index) in indices.enumerated() {
            precondition(index >= 0 && index < count, "block \(index) of \(count)")
            let start = row * blockLength
            let filled = fill(&batch, row: row, block: index)
            for position in start..<start + filled - 1 {
                batch.targetIDs[position] = batch.inputIDs[position + 1]
                batch.validMask[position] = true
            }
        }
        return batch
    }

    /// Tokens and separators together.
    private let streamLength: Int

    /// Where document `index` starts in the stream of tokens and separators.
    private func streamStart(_ index: Int) -> Int {
        shard.boundary(index) + (separatorID == nil ? 0 : index)
    }

    /// Copies the tokens and document ids of `block` into `row`, and returns how many there are.
    private func fill(_ batch: inout TokenBatch, row: Int, block: Int) -> Int {
        let range = block * blockLength..<min((block + 1) * blockLength, streamLength)
        var position = range.lowerBound
        var document = document(at: position)
        while position < range.upperBound {
            let end = streamStart(document + 1)
            let stop = min(end, range.upperBound)
            guard position < stop else {
                document += 1
                continue
            }
            let slot = row * blockLength + position - range.lowerBound
            let tokensEnd = shard.boundary(document + 1)
            let first = shard.boundary(document) + position - streamStart(document)
            let tokens = first..<min(first + stop - position, tokensEnd)
            batch.inputIDs.withUnsafeMutableBufferPointer {
                shard.copyTokens(in: tokens, to: UnsafeMutableBufferPointer(rebasing: $0[slot..<slot + tokens.count]))
            }
            if let separatorID, tokens.count < stop - position { batch.inputIDs[slot + tokens.count] = separatorID }
            for offset in slot..<slot + stop - position { batch.documentIDs[offset] = Int32(truncatingIfNeeded: document) }
            position = stop
            document += 1
        }
        return range.count
    }

    /// The document that holds `position` of the stream: the last that starts at or before it.
    private func document(at position: Int) -> Int {
        var (low, high) = (0, shard.documentCount)
        while high - low > 1 {
            let middle = (low + high) / 2
            if streamStart(middle) <= position { low = middle } else { high = middle }
        }
        return low
    }
}
