import Corpora
import Foundation
import Torch

/// A shard of one document, cut into blocks.
public struct TokenBlocks {
    public let blocks: PackedBlocks

    public init(
        _ tokens: [Int32], blockLength: Int, vocabularySize: Int = 61, tail: PackedBlocks.Tail = .drop
    ) throws {
        let folder = try TemporaryFolder()
        let writer = try TokenShardWriter(
            folder.file("tokens"), vocabularySize: vocabularySize, tokenizerHash: [UInt8](repeating: 7, count: 32))
        try writer.append(tokens)
        try writer.finish()
        // The mapping outlives the file.
        blocks = try PackedBlocks(
            shard: TokenShard(folder.file("tokens")), blockLength: blockLength, tail: tail)
    }

    /// Random tokens.
    public init(count: Int, blockLength: Int, vocabularySize: Int = 61, seed: UInt64 = 5) throws {
        let uniform: [Double] = Generator(seed: seed).uniform([count * blockLength], dtype: .float64).values()
        try self.init(
            uniform.map { Int32($0 * Double(vocabularySize)) }, blockLength: blockLength, vocabularySize: vocabularySize)
    }

    /// Draws batches, in order unless told to shuffle.
    public func sampler(batchSize: Int, shuffle: Bool = false) throws -> BatchSampler {
        try BatchSampler(blocks: blocks, batchSize: batchSize, seed: 3, shuffle: shuffle)
    }
}
