import Crypto
import Foundation

/// Writes one split of a prepared corpus: its shards, and beside them the names of its documents.
final class SplitWriter {
    private let name: String
    private let folder: URL
    private let vocabularySize: Int
    private let tokenizerHash: [UInt8]
    private let shardTokens: Int
    private var shard: TokenShardWriter
    /// The shards before it, and what their split's hash is made of.
    private var finished: [CorpusManifest.Split.Shard] = []
    private var boundaries: [UInt64] = []
    private var tokensBefore = 0
    private let names: FileHandle
    private var pendingNames: [UInt8] = []
    private var textBytes = 0

    /// - Parameters:
    ///   - name: `train` or `validation`.
    ///   - shardTokens: a shard has no more of them, but for a longer document, which has one to itself.
    init(_ name: String, in folder: URL, vocabularySize: Int, tokenizerHash: [UInt8], shardTokens: Int) throws {
        (self.name, self.folder, self.shardTokens) = (name, folder, shardTokens)
        (self.vocabularySize, self.tokenizerHash) = (vocabularySize, tokenizerHash)
        shard = try TokenShardWriter(
            folder.appendingPathComponent("\(name).tokens"), vocabularySize: vocabularySize, tokenizerHash: tokenizerHash)
        let file = folder.appendingPathComponent("\(name).documents.jsonl")
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw CorpusError.cannotWrite(path: file.path, reason: String(cString: strerror(errno)))
        }
        names = try FileHandle(forWritingTo: file)
    }

    var documentCount: Int { boundaries.count + shard.documentCount }
    var tokenCount: Int { tokensBefore + shard.tokenCount }

    func append(name: String, tokens: [Int32], textBytes: Int) throws {
        if shard.documentCount > 0, shard.tokenCount + tokens.count > shardTokens { try beginShard() }
        try shard.append(tokens)
        self.textBytes += textBytes
        pendingNames += try JSONEncoder.corpus.encode(name)
        pendingNames.append(UInt8(ascii: "\n"))
        if pendingNames.count > 1 << 16 { try flushNames() }
    }

    /// Completes both files. A split without documents leaves none.
    func finish() throws -> CorpusManifest.Split? {
        try flushNames()
        try names.synchronize()
        try names.close()
        guard documentCount > 0 else {
            shard.discard()
            try FileManager.default.removeItem(at: folder.appendingPathComponent("\(name).documents.jsonl"))
            return nil
        }
        var split = CorpusManifest.Split(
            tokenFile: "\(name).tokens", documentFile: "\(name).documents.jsonl", documents: documentCount, tokens: tokenCount,
            textBytes: textBytes, contentHash: "")
        let last = try finishShard()
        guard finished.count > 1 else {
            split.contentHash = finished[0].contentHash
            return split
        }
        var hash = last
        hash.updateAfterTokens(
            count: split.tokens, width: TokenShardHeader.tokenWidth(vocabularySize: vocabularySize), boundaries: boundaries)
        split.contentHash = Array(hash.finalize()).hexadecimal
        // How many there are is known now.
        for index in finished.indices {
            let file = String(format: "%@-%05d-of-%05d.tokens", name, index, finished.count)
            try FileManager.default.moveItem(
                at: folder.appendingPathComponent(finished[index].tokenFile), to: folder.appendingPathComponent(file))
            finished[index].tokenFile = file
        }
        (split.tokenFile, split.shards) = (finished[0].tokenFile, finished)
        return split
    }

    private func beginShard() throws {
        let whole = try finishShard()
        shard = try TokenShardWriter(
            folder.appendingPathComponent("\(name).\(finished.count).tokens"), vocabularySize: vocabularySize,
            tokenizerHash: tokenizerHash, after: whole)
    }

    /// - Returns: the hash of all tokens so far.
    private func finishShard() throws -> SHA256 {
        let (documents, tokens) = (shard.documentCount, shard.tokenCount)
        let file = finished.isEmpty ? "\(name).tokens" : "\(name).\(finished.count).tokens"
        let hash = try shard.finish()
        finished.append(.init(tokenFile: file, documents: documents, tokens: tokens, contentHash: hash))
        boundaries += shard.boundaries.dropLast().lazy.map { [tokensBefore] in $0 + UInt64(tokensBefore) }
        tokensBefore += tokens
        return shard.tokenHash
    }

    private func flushNames() throws {
        do { try names.write(contentsOf: pendingNames) } catch {
            let file = folder.appendingPathComponent("\(name).documents.jsonl")
            throw CorpusError.cannotWrite(path: file.path, reason: error.localizedDescription)
        }
        pendingNames.removeAll(keepingCapacity: true)
    }
}

extension JSONEncoder {
    /// Keys in order and slashes as they are: a file that reads well and is the same every time.
    static var corpus: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
