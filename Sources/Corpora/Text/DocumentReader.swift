/// Reads documents from files, one at a time: a text or a page is one document, a JSON Lines file one a line, a table one a row.
package struct DocumentReader {
    /// Bytes of the largest document. It has to be in memory, with its tokens; a larger one is a corpus in one file.
    static let documentLimit = 512 << 20

    private let files: [SourceFile]
    private let column: String
    private var nextFile = 0
    private var records: (any RecordReader)?
    /// Files found in folders that turned out not to be text.
    private(set) var binaryFiles = 0
    /// Rows of tables without text.
    package private(set) var nullRows = 0
    /// Files begun so far.
    private(set) var filesRead = 0
    private var bytesOfFinishedFiles = 0
    /// Bytes on disk read so far.
    var bytesRead: Int { bytesOfFinishedFiles + (records?.bytesRead ?? 0) }

    /// - Parameter column: which column of a table is the text.
    package init(_ files: [SourceFile], column: String = "text") { (self.files, self.column) = (files, column) }

    /// The next document; `nil` after the last.
    package mutating func next() throws -> RawDocument? {
        while true {
            if let document = try nextRecord() { return document }
            guard nextFile < files.count else { return nil }
            let file = files[nextFile]
            nextFile += 1
            filesRead = nextFile
            if file.format.isTable {
                records = try RowReader(file, column: column, library: .shared(for: file))
            } else if file.format == .jsonLines {
                records = try LineReader(file)
            } else if let bytes = try wholeFile(file) {
                return RawDocument(name: file.name, path: file.url.path, format: file.format, bytes: bytes)
            }
        }
    }

    private mutating func nextRecord() throws -> RawDocument? {
        guard let reader = records else { return nil }
        while let (number, bytes) = try reader.next() {
            // An empty line, as at the end of many files, is no document.
            if reader.file.format == .jsonLines, bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            let file = reader.file
            return RawDocument(
                name: "\(file.name):\(number)", path: file.url.path, format: file.format, line: number, bytes: bytes)
        }
        bytesOfFinishedFiles += reader.bytesRead
        nullRows += (reader as? RowReader)?.nulls ?? 0
        records = nil
        return nil
    }

    /// - Returns: `nil` for a file found in a folder that holds NUL bytes.
    private mutating func wholeFile(_ file: SourceFile) throws -> [UInt8]? {
        let stream = try file.open()
        defer { bytesOfFinishedFiles += stream.bytesRead }
        var bytes: [UInt8] = []
        while let piece = try stream.next() {
            if piece.contains(0) {
                guard !file.isNamed else { throw CorpusError.binaryText(path: file.url.path) }
                binaryFiles += 1
                return nil
            }
            bytes += piece
            guard bytes.count <= Self.documentLimit else {
                throw CorpusError.documentTooLarge(path: file.url.path, limit: Self.documentLimit)
            }
        }
        return bytes
    }
}

/// A file of many documents, one after another, with their numbers from 1.
protocol RecordReader: AnyObject {
    var file: SourceFile { get }
    /// Bytes on disk read so far.
    var bytesRead: Int { get }
    func next() throws -> (number: Int, bytes: [UInt8])?
}

/// The lines of a file, without their ends, in memory bounded by the longest.
final class LineReader: RecordReader {
    let file: SourceFile
    private let stream: any ByteStream
    private var buffer: [UInt8] = []
    private var start = 0
    private var number = 0

    init(_ file: SourceFile) throws {
        self.file = file
        stream = try file.open()
    }

    var bytesRead: Int { stream.bytesRead }

    /// The next line and its number.
    func next() throws -> (number: Int, bytes: [UInt8])? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                return line(upTo: end, next: end + 1)
            }
            searched = buffer.count - start
            buffer.removeSubrange(..<start)
            start = 0
            guard buffer.count <= DocumentReader.documentLimit else {
                throw CorpusError.documentTooLarge(path: file.url.path, limit: DocumentReader.documentLimit)
            }
            guard let piece = try stream.next() else {
                return buffer.isEmpty ? nil : line(upTo: buffer.count, next: buffer.count)
            }
            buffer += piece
        }
    }

    private func line(upTo end: Int, next: Int) -> (number: Int, bytes: [UInt8]) {
        number += 1
        defer { start = next }
        return (number, Array(buffer[start..<end]))
    }
}
