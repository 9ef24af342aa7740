import Checkpoints
import Corpora
import Foundation

/// What a corpus is made of, and what is made of it.
extension Reader {
    static let texts = [
        Reader("shard", longest: 1024) { input, _ in
            let bytes = SealedShard.sealed(input)
            let shard = try bytes.withUnsafeBufferPointer { try TokenShard(MappedFile($0[...]), at: .input) }
            for document in 0..<shard.documentCount { _ = shard.tokens(in: shard.tokenRange(ofDocument: document)) }
        },
        documents("gzip", as: "text.jsonl.gz", longest: 512),
        documents("zstandard", as: "text.jsonl.zst", longest: 512),
        documents("jsonl", as: "text.jsonl", longest: 1024),
        documents("html", as: "page.html", longest: 1024),
        Reader("corpus", longest: 2048) { input, folder in
            try folder.files(["manifest.json", "train.documents.jsonl", "train.tokens"], dividing: input)
            let corpus = try PreparedCorpus(folder.url)
            _ = try corpus.documentNames(of: corpus.manifest.train)
        },
    ]

    /// Half of them in pieces of 64 bytes: a short input has what lies across their edges then.
    private static func documents(_ reader: String, as name: String, longest: Int) -> Reader {
        Reader(reader, longest: longest) { input, _ in
            let pieceSize = input.count & 1 == 0 ? 64 : 4096
            var reader = DocumentReader([SourceFile(named: name, contents: Array(input), pieceSize: pieceSize)!])
            while let document = try reader.next() { _ = try? document.text(field: "text") }
        }
    }
}
