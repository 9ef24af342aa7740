import Foundation
import Winnow

/// A text file as a corpus of one document, without a trace on the disk.
struct TextBlocks {
    let blocks: PackedBlocks

    /// - Throws: `CorpusError.shorterThanBlock` where there is nothing to predict, and what reading and encoding throw.
    init(_ file: URL, model: LoadedModel, blockLength: Int) throws {
        let tokenizer = try model.tokenizer()
        let tokens = tokenizer.encode(utf8: try MappedFile(file).withBytes { Data($0) }, addSpecialTokens: true)
        guard tokens.count >= 2 else {
            throw CorpusError.shorterThanBlock(path: file.path, tokens: tokens.count, blockLength: 2)
        }
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-\(UUID().uuidString).tokens")
        // The mapping outlives the file.
        defer { try? FileManager.default.removeItem(at: place) }
        let writer = try TokenShardWriter(
            place, vocabularySize: model.model.configuration.vocabularySize, tokenizerHash: tokenizer.fingerprint())
        try writer.append(tokens)
        try writer.finish()
        // A text shorter than a block is a block of its own.
        blocks = try PackedBlocks(shard: TokenShard(place), blockLength: min(blockLength, tokens.count), tail: .pad)
    }
}
