/// `manifest.json` of a prepared corpus: what it was made from, how, and what came of it.
///
/// It holds no times and no absolute paths but those given, so the same inputs and options make the same file.
public struct CorpusManifest: Codable, Sendable, Equatable {
    public static let fileName = "manifest.json"

    public struct Split: Codable, Sendable, Equatable {
        /// The shard, and the names of its documents, one JSON string a line: files in the corpus's folder.
        public var tokenFile: String
        public var documentFile: String
        public var documents: Int
        public var tokens: Int
        /// Bytes of UTF-8 that the tokens were made from.
        public var textBytes: Int
        /// SHA-256 of tokens and document boundaries, in hexadecimal: the same, however many files they are in.
        public var contentHash: String

        /// One of several files that a split is divided into.
        public struct Shard: Codable, Sendable, Equatable {
            public var tokenFile: String
            public var documents: Int
            public var tokens: Int
            public var contentHash: String
        }
        /// The files in order, where there are several; `tokenFile` is then the first.
        public var shards: [Shard]?

        public var bytesPerToken: Double { tokens == 0 ? 0 : Double(textBytes) / Double(tokens) }
    }

    /// Documents and files that are not in the corpus, by reason.
    public struct LeftOut: Codable, Sendable, Equatable {
        public var duplicates = 0
        public var tooShort = 0
        public var tooLong = 0
        /// Without text, or without a token.
        public var empty = 0
        /// Files found in folders that hold NUL bytes.
        public var binaryFiles = 0
        /// Rows of tables without text; `nil` for none, as in corpora from before tables were read.
        public var nullRows: Int?
        /// Files found in folders whose extension Winnow does not read, by extension.
        public var otherFiles: [String: Int] = [:]

        /// In words: `3 duplicates, 1 too short, 2 .png files`.
        public var reasons: String {
            let documents = [
                (duplicates, "duplicates"), (empty, "empty"), (tooShort, "too short"), (tooLong, "too long"),
                (binaryFiles, "binary files"), (nullRows ?? 0, "null rows"),
            ]
            let others = otherFiles.sorted { $0.key < $1.key }.map {
                ($0.value, $0.key.isEmpty ? "without extension" : ".\($0.key) files")
            }
            let reasons = (documents + others).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            return reasons.isEmpty ? "nothing" : reasons.joined(separator: ", ")
        }
    }

    /// 2 where a split is in several files, which an older Winnow would not know to look for.
    public var version = 1
    /// As given to `winnow prepare`.
    public var inputs: [String]
    public var options: CorpusOptions
    public var files: Int
    public var vocabularySize: Int
    /// The tokenizer's fingerprint (``TextEncoder/fingerprint()``), in hexadecimal.
    public var tokenizerHash: String
    public var train: Split
    /// `nil` where no document was held out.
    public var validation: Split?
    public var leftOut: LeftOut
    /// Documents kept in which bytes that are not UTF-8 were replaced by U+FFFD.
    public var repairedDocuments: Int
}
