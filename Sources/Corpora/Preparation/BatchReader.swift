import Foundation

/// Reads documents in batches of some megabytes.
actor BatchReader {
    private var reader: DocumentReader

    private static let batchBytes = (4 << 20) * ProcessInfo.processInfo.activeProcessorCount

    init(_ files: [SourceFile], column: String) { reader = DocumentReader(files, column: column) }

    /// The next documents, until they fill a batch; none at the end.
    func next() throws -> [RawDocument] {
        var batch: [RawDocument] = []
        var bytes = 0
        while bytes < Self.batchBytes, let document = try reader.next() {
            // A document costs memory beside its bytes, however short it is.
            bytes += document.bytes.count + 256
            batch.append(document)
        }
        return batch
    }

    var filesRead: Int { reader.filesRead }
    var bytesRead: Int { reader.bytesRead }
    var binaryFiles: Int { reader.binaryFiles }
    var nullRows: Int { reader.nullRows }
}
