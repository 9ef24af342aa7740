import Foundation

/// Writes one split of a prepared corpus: its shard, and beside it the names of its documents.
final class SplitWriter {
    private let name: String
    private let folder: URL
    private let shard: TokenShardWriter
    private let names: FileHandle
    private var pendingNames: [UInt8] = []
    private var textBytes = 0

    /// - Parameter name: `train` or `validation`.
    init(_ name: String, in folder: URL, vocabularySize: Int, tokenizerHash: [UInt8]) throws {
        (self.name, self.folder) = (name, folder)
        shard = try TokenShardWriter(
            folder.appendingPathComponent("\(name).tokens"), vocabularySize: vocabularySize, tokenizerHash: tokenizerHash)
        let file = folder.appendingPathComponent("\(name).documents.jsonl")
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw CorpusError.cannotWrite(path: file.path, reason: String(cString: strerror(errno)))
        }
        names = try FileHandle(forWritingTo: file)
    }

    var documentCount: Int { shard.documentCount }
    var tokenCount: Int { shard.tokenCount }

    func append(name: String, tokens: [Int32], textBytes: Int) throws {
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
        let hash = try shard.finish()
        return CorpusManifest.Split(
            tokenFile: "\(name).tokens", documentFile: "\(name).documents.jsonl", documents: documentCount, tokens: tokenCount,
            textBytes: textBytes, contentHash: hash)
    }

    private func flushNames() throws {
        try names.write(contentsOf: pendingNames)
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
