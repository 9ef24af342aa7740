/// Reads documents in batches of some megabytes.
actor BatchReader {
    private var reader: DocumentReader
    private let batchBytes: Int
    private let ranks: any PreparationRanks

    init(_ files: [SourceFile], column: String, batchBytes: Int, for ranks: any PreparationRanks) {
        reader = DocumentReader(files, column: column)
        (self.batchBytes, self.ranks) = (batchBytes, ranks)
    }

    /// The next documents, until they fill a batch; none at the end. Of another rank's the bytes are let go.
    func next() throws -> [RawDocument] {
        var batch: [RawDocument] = []
        var bytes = 0
        while bytes < batchBytes, var document = try reader.next() {
            // A document costs memory beside its bytes, however short it is.
            bytes += document.bytes.count + 256
            if ranks.owner(of: batch.count) != ranks.rank { document.bytes = [] }
            batch.append(document)
        }
        return batch
    }

    var filesRead: Int { reader.filesRead }
    var bytesRead: Int { reader.bytesRead }
    var binaryFiles: Int { reader.binaryFiles }
    var nullRows: Int { reader.nullRows }
}
