import CArrow

/// One column of a Parquet or Arrow file, row by row, in memory bounded by a few rows.
final class RowReader: RecordReader {
    let file: SourceFile
    private let library: ArrowLibrary
    private let limit: ExpansionLimit
    private var reader = ca_reader()
    private var number = 0
    private var expanded = 0
    /// Rows without text so far.
    private(set) var nulls = 0

    /// - Throws: `CorpusError.damagedTable`; `.unfitColumn`, which names the file's columns.
    init(_ file: SourceFile, column: String, library: ArrowLibrary, limit: ExpansionLimit = ExpansionLimit()) throws {
        (self.file, self.library, self.limit) = (file, library, limit)
        // Opened once, to have it named where it cannot be: Arrow's own sentence speaks of errno.
        _ = try FileBytes(file.url)
        try check(
            library.functions.pointee.open(
                file.url.path, file.format == .parquet ? ca_parquet : ca_arrow, column, &reader))
    }

    deinit { if reader.raw != nil { library.functions.pointee.close(reader) } }

    var bytesRead: Int { min(file.size, max(0, Int(library.functions.pointee.position(reader)))) }

    func next() throws -> (number: Int, bytes: [UInt8])? {
        while true {
            var row = ca_row()
            try check(library.functions.pointee.next(reader, &row))
            if row.kind == ca_end { return nil }
            number += 1
            guard row.kind == ca_text else {
                nulls += 1
                continue
            }
            let count = Int(row.count)
            guard count <= DocumentReader.documentLimit else {
                throw CorpusError.documentTooLarge(path: file.url.path, limit: DocumentReader.documentLimit)
            }
            expanded += count
            // A dictionary's entry may stand for any number of rows.
            try limit.check(path: file.url.path, compressed: file.size, expanded: expanded)
            return (number, Array(UnsafeBufferPointer(start: row.bytes, count: count)))
        }
    }

    private func check(_ status: ca_status) throws {
        guard status != ca_success else { return }
        let reason = String(cString: library.functions.pointee.lastError())
        throw status == ca_unfit_column
            ? CorpusError.unfitColumn(path: file.url.path, reason: reason)
            : CorpusError.damagedTable(path: file.url.path, reason: reason)
    }
}
