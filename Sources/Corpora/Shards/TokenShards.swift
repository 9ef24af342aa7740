import Checkpoints
import Crypto
import Foundation

/// A split of a corpus: its shards read one after another, as if they were one.
///
/// Into how many files a split is divided changes nothing. Tokens, documents and ``contentHash`` are those of the undivided split, and
/// with them the order in which blocks are drawn, a sampler's position, and the blocks that a reference's losses are stored for.
public struct TokenShards: Sendable {
    public let shards: [TokenShard]
    /// SHA-256 of the tokens and boundaries that one shard of the whole split would hold, in hexadecimal.
    public let contentHash: String
    /// Where each shard starts, in tokens and in documents of the split; last, where the split ends.
    private let tokenStarts: [Int]
    private let documentStarts: [Int]

    public init(_ shard: TokenShard) {
        (shards, contentHash) = ([shard], shard.contentHash)
        (tokenStarts, documentStarts) = ([0, shard.tokenCount], [0, shard.documentCount])
    }

    /// - Parameter urls: the shards in order, at least one.
    /// - Throws: what ``TokenShard`` throws; `CorpusError.damagedShard` where they are of different tokenizers.
    public init(_ urls: [URL]) throws {
        precondition(!urls.isEmpty, "a split of no shard")
        var whole: SHA256? = SHA256()
        var shards: [TokenShard] = []
        var (tokens, documents) = ([0], [0])
        for url in urls {
            let shard = try TokenShard(MappedFile(url), at: url, whole: &whole)
            if let first = shards.first {
                guard shard.vocabularySize == first.vocabularySize, shard.tokenizerHash == first.tokenizerHash else {
                    throw CorpusError.damagedShard(path: url.path, reason: "made with another tokenizer than \(first.url.path)")
                }
            }
            shards.append(shard)
            tokens.append(tokens.last! + shard.tokenCount)
            documents.append(documents.last! + shard.documentCount)
        }
        (self.shards, tokenStarts, documentStarts) = (shards, tokens, documents)
        var hash = whole!
        let width = TokenShardHeader.tokenWidth(vocabularySize: shards[0].vocabularySize)
        hash.updateAfterTokens(
            count: tokens.last!, width: width,
            boundaries: shards.enumerated().lazy.flatMap { index, shard in
                (0..<shard.documentCount).lazy.map { UInt64(tokens[index] + shard.boundary($0)) }
            })
        contentHash = Array(hash.finalize()).hexadecimal
    }

    /// The file, or of several the first.
    public var url: URL { shards[0].url }
    public var tokenCount: Int { tokenStarts[shards.count] }
    public var documentCount: Int { documentStarts[shards.count] }
    public var vocabularySize: Int { shards[0].vocabularySize }
    /// The fingerprint of the tokenizer that made the tokens, in hexadecimal.
    public var tokenizerHash: String { shards[0].tokenizerHash }

    /// The tokens of document `index`, as a range of the split's tokens. Empty where the document has none.
    public func tokenRange(ofDocument index: Int) -> Range<Int> {
        precondition(index >= 0 && index < documentCount, "document \(index) of \(documentCount)")
        return boundary(index)..<boundary(index + 1)
    }

    /// A copy of `range` of the split's tokens.
    public func tokens(in range: Range<Int>) -> [Int32] {
        precondition(range.lowerBound >= 0 && range.upperBound <= tokenCount, "tokens \(range) of \(tokenCount)")
        return [Int32](unsafeUninitializedCapacity: range.count) { buffer, count in
            copyTokens(in: range, to: buffer)
            count = range.count
        }
    }

    /// Copies `range` of the tokens to the start of `destination`. Both were checked by the caller.
    func copyTokens(in range: Range<Int>, to destination: UnsafeMutableBufferPointer<Int32>) {
        var position = range.lowerBound
        while position < range.upperBound {
            let shard = Self.last(of: tokenStarts, at: position)
            let end = min(range.upperBound, tokenStarts[shard + 1])
            shards[shard].copyTokens(
                in: position - tokenStarts[shard]..<end - tokenStarts[shard],
                to: UnsafeMutableBufferPointer(rebasing: destination[(position - range.lowerBound)...]))
            position = end
        }
    }

    /// Where document `index` starts, in tokens; `boundary(documentCount)` is `tokenCount`.
    func boundary(_ index: Int) -> Int {
        guard index < documentCount else { return tokenCount }
        let shard = Self.last(of: documentStarts, at: index)
        return tokenStarts[shard] + shards[shard].boundary(index - documentStarts[shard])
    }

    /// The shard that holds `position`: the last that starts at or before it.
    private static func last(of starts: [Int], at position: Int) -> Int {
        var (low, high) = (0, starts.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= position { low = middle } else { high = middle }
        }
        return low
    }
}

extension SHA256 {
    /// Takes in what a shard holds after its tokens: padding, and where each document starts and the last one ends.
    mutating func updateAfterTokens(count: Int, width: Int, boundaries: some Sequence<UInt64>) {
        var bytes = [UInt8](repeating: 0, count: TokenShardHeader.paddedTokenBytes(count: count, width: width) - count * width)
        for boundary in boundaries {
            bytes.appendLittleEndian(boundary)
            if bytes.count >= 1 << 16 {
                update(data: bytes)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        bytes.appendLittleEndian(UInt64(count))
        update(data: bytes)
    }
}
