import Corpora
import Foundation
import Testing

/// A split in several files is the split in one.
@Suite struct TokenShardsTests {
    let folder = try! TemporaryFolder()

    /// Forty documents of 11 to 55 tokens, every fifth held out, in files of at most `limit` tokens.
    func corpus(limit: Int = CorpusPreparation.defaultShardTokens) async throws -> PreparedCorpus {
        let lines = (0..<40).map { #"{"text": "document \#($0)\#(String(repeating: "ab", count: $0 * 7 % 23))"}"# }
        let input = try folder.write(lines.joined(separator: "\n"), to: "in.jsonl")
        var options = CorpusOptions()
        options.split = .every(5)
        let output = folder.url.appendingPathComponent("limit-\(limit)")
        let preparation = CorpusPreparation(
            inputs: [input.path], options: options, encoder: ByteEncoder(), shardTokens: limit)
        _ = try await preparation.run(to: output, overwrite: true)
        return try PreparedCorpus(output)
    }

    @Test(arguments: [1, 40, 99, 100, 500])
    func theNumberOfFilesChangesNothing(limit: Int) async throws {
        let (one, many) = (try await corpus(), try await corpus(limit: limit))
        #expect(one.manifest.train.shards == nil)
        #expect((one.manifest.version, many.manifest.version) == (1, 2))
        let shards = try #require(many.manifest.train.shards)
        #expect(shards.count > 1)
        #expect(shards.allSatisfy { $0.tokens <= limit || $0.documents == 1 })
        #expect(many.train.shards.map(\.tokenCount) == shards.map(\.tokens))
        #expect(many.train.contentHash == one.train.contentHash)
        #expect(many.validation?.contentHash == one.validation?.contentHash)
        #expect(many.train.texts == one.train.texts)
        #expect(many.train.tokens(in: 7..<many.train.tokenCount - 3) == one.train.tokens(in: 7..<one.train.tokenCount - 3))
        #expect(try many.documentNames(of: many.manifest.train) == one.documentNames(of: one.manifest.train))

        for separator in [nil, 0] as [Int32?] {
            for length in [2, 7, 64] {
                let expected = try PackedBlocks(shard: one.train, blockLength: length, separatorID: separator, tail: .pad)
                let blocks = try PackedBlocks(shard: many.train, blockLength: length, separatorID: separator, tail: .pad)
                #expect(blocks.count == expected.count)
                #expect(blocks.batch(Array(0..<blocks.count)) == expected.batch(Array(0..<expected.count)))
            }
        }
    }

    @Test func aSamplerGoesOnWhereverTheSplitIsDivided() async throws {
        let corpora = [try await corpus(), try await corpus(limit: 60), try await corpus(limit: 300)]
        let blocks = try corpora.map { try PackedBlocks(shard: $0.train, blockLength: 9) }
        var whole = try BatchSampler(blocks: blocks[0], batchSize: 4, seed: 5)
        var sampler = try BatchSampler(blocks: blocks[1], batchSize: 4, seed: 5)
        for step in 0..<3 * blocks[0].count {
            #expect(sampler.next() == whole.next())
            // Another division every step.
            sampler = try BatchSampler(blocks: blocks[step % 3], batchSize: 4, restoring: sampler.state)
        }
        #expect(whole.state.epoch > 10)
    }

    /// A shard that was altered, is absent, stands in another's place, or is another corpus's.
    @Test func everyShardIsChecked() async throws {
        let corpus = try await corpus(limit: 100)
        let other = try await self.corpus(limit: 101)
        let files = try #require(corpus.manifest.train.shards).map { corpus.url.appendingPathComponent($0.tokenFile) }
        let contents = try files.map { try Data(contentsOf: $0) }
        #expect(files[1].lastPathComponent == String(format: "train-00001-of-%05d.tokens", files.count))

        func refused(_ change: () throws -> Void, naming file: URL) throws {
            try change()
            #expect { try PreparedCorpus(corpus.url) } throws: { "\($0)".contains(file.path) }
            for (file, content) in zip(files, contents) { try content.write(to: file) }
            #expect(throws: Never.self) { try PreparedCorpus(corpus.url) }
        }
        for index in files.indices {
            var altered = contents[index]
            altered[128 + index] ^= 1
            try refused({ try altered.write(to: files[index]) }, naming: files[index])
        }
        try refused({ try FileManager.default.removeItem(at: files[2]) }, naming: files[2])
        try refused(
            {
                try contents[0].write(to: files[1])
                try contents[1].write(to: files[0])
            }, naming: files[0])
        let foreign = other.url.appendingPathComponent(try #require(other.manifest.train.shards)[0].tokenFile)
        try refused({ try Data(contentsOf: foreign).write(to: files[1]) }, naming: files[1])

        // A manifest that puts the right shards in another order.
        var manifest = corpus.manifest
        manifest.train.shards?.swapAt(1, 2)
        try JSONEncoder().encode(manifest).write(to: corpus.url.appendingPathComponent(CorpusManifest.fileName))
        #expect { try PreparedCorpus(corpus.url) } throws: { "\($0)".contains("not the shard that manifest.json describes") }
        // And one that leads out of the folder.
        manifest.train.shards?[0].tokenFile = "../x"
        try JSONEncoder().encode(manifest).write(to: corpus.url.appendingPathComponent(CorpusManifest.fileName))
        #expect { try PreparedCorpus(corpus.url) } throws: { "\($0)".contains("'../x' is not a file of the folder") }
    }

    @Test func aFileOfNoTokensIsRefused() async throws {
        await #expect(throws: CorpusError.badOption(name: "--shard-tokens", reason: "0 is not positive")) {
            try await corpus(limit: 0)
        }
    }
}
