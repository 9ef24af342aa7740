import Foundation
import PeerProcess

/// Documents that part tokenizers (see Oracles/mixed_text.py), and what Hugging Face's `tokenizers` makes of them.
struct MixedText {
    /// 5.8 MB.
    static let whole = Result { try MixedText(share: 1) }
    /// A tenth of it.
    static let sample = Result { try MixedText(share: 10) }

    let documents: [[UInt8]]
    private let file: URL

    private init(share: Int) throws {
        file = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-text-\(UUID().uuidString)")
        try PeerProcess.run(PeerProcess.oracle("mixed_text.py"), [file.path, String(share)])
        var records = RecordReader(bytes: [UInt8](try Data(contentsOf: file)))
        var documents: [[UInt8]] = []
        while let count = records.count() { documents.append(Array(records.take(count))) }
        self.documents = documents
    }

    /// The ids of every document, and their text.
    func encodedByPeer(_ tokenizerJSON: URL, specialTokens: Bool) throws -> [(ids: [Int32], text: ArraySlice<UInt8>)] {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-ids-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        try PeerProcess.run(
            PeerProcess.oracle("encode.py"),
            [tokenizerJSON.path, file.path, output.path] + (specialTokens ? ["--special-tokens"] : []))
        var records = RecordReader(bytes: [UInt8](try Data(contentsOf: output)))
        var results: [(ids: [Int32], text: ArraySlice<UInt8>)] = []
        while let count = records.count() {
            let ids = records.take(4 * count).withUnsafeBytes { bytes in
                (0..<count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
            }
            results.append((ids, records.take(records.count() ?? 0)))
        }
        return results
    }
}

/// Reads little-endian uint32 counts and the bytes after them.
private struct RecordReader {
    let bytes: [UInt8]
    var offset = 0

    mutating func count() -> Int? {
        guard offset < bytes.count else { return nil }
        return take(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { offset += count }
        return bytes[offset..<offset + count]
    }
}
