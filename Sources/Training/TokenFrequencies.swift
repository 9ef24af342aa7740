import Corpora

/// How often each token occurs in a training text.
public struct TokenFrequencies: Sendable {
    /// By token id.
    private let counts: [Int]

    /// - Parameter shards: of one vocabulary; a mixture has several.
    public init(_ shards: [TokenShards]) {
        var counts = [Int](repeating: 0, count: shards.map(\.vocabularySize).max() ?? 0)
        for shard in shards {
            for start in stride(from: 0, to: shard.tokenCount, by: 1 << 16) {
                for token in shard.tokens(in: start..<min(start + 1 << 16, shard.tokenCount)) { counts[Int(token)] += 1 }
            }
        }
        self.counts = counts
    }

    /// Tokens that are about as frequent: 1 + ⌊log₂ count⌋, and 0 for a token that doesn't occur, such as a separator.
    public func frequencyClass(of token: Int32) -> Int { Int.bitWidth - count(of: token).leadingZeroBitCount }

    public func count(of token: Int32) -> Int { counts[Int(token)] }
}
