import Corpora
import Foundation

extension TokenShard {
    /// A shard of `documents`, written and opened again.
    static func make(
        _ documents: [[Int32]], vocabularySize: Int = 1000, in folder: TemporaryFolder, name: String = "test.tokens"
    ) throws -> TokenShard {
        let url = folder.url.appendingPathComponent(name)
        let writer = try TokenShardWriter(url, vocabularySize: vocabularySize, tokenizerHash: [UInt8](repeating: 7, count: 32))
        for document in documents { try writer.append(document) }
        try writer.finish()
        return try TokenShard(url)
    }
}
