import Foundation

/// A file's bytes, piece by piece, unpacked where the file is compressed.
protocol ByteStream: AnyObject {
    /// The next bytes, never none; `nil` at the end.
    func next() throws -> [UInt8]?
    /// Bytes on disk read so far.
    var bytesRead: Int { get }
}

extension SourceFile {
    func open(limit: ExpansionLimit = ExpansionLimit()) throws -> any ByteStream {
        let file = try contents.map { FileBytes($0, path: url.path) } ?? FileBytes(url)
        switch compression {
        case .none: return file
        case .gzip: return try GzipBytes(file, limit: limit)
        case .zstandard: return try ZstandardBytes(file, limit: limit)
        }
    }
}

/// A file's bytes as they are on disk.
final class FileBytes: ByteStream {
    static let pieceSize = 1 << 18

    let path: String
    /// What is read or unpacked at once, at most.
    let pieceSize: Int
    /// `nil` where the bytes are in memory.
    private let handle: FileHandle?
    private let contents: SourceFile.Contents?
    private(set) var bytesRead = 0
    /// On disk, as it was opened.
    let size: Int

    init(_ url: URL) throws {
        (path, pieceSize, contents) = (url.path, Self.pieceSize, nil)
        do {
            handle = try FileHandle(forReadingFrom: url)
        } catch {
            let reason = FileManager.default.fileExists(atPath: path) ? "permission denied" : "no such file"
            throw CorpusError.unreadable(path: path, reason: reason)
        }
        var status = stat()
        size = fstat(handle!.fileDescriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    init(_ contents: SourceFile.Contents, path: String) {
        (self.path, self.contents, handle) = (path, contents, nil)
        (pieceSize, size) = (contents.pieceSize, contents.bytes.count)
    }

    func next() throws -> [UInt8]? {
        if let contents {
            let piece = contents.bytes[bytesRead...].prefix(pieceSize)
            bytesRead += piece.count
            return piece.isEmpty ? nil : Array(piece)
        }
        do {
            guard let data = try handle!.read(upToCount: pieceSize), !data.isEmpty else { return nil }
            bytesRead += data.count
            return Array(data)
        } catch {
            throw CorpusError.unreadable(path: path, reason: error.localizedDescription)
        }
    }
}

/// How far compressed data may expand: a small file that unpacks to terabytes is an attack or an accident, never a corpus.
struct ExpansionLimit {
    /// Expanded bytes a compressed byte. English text reaches about 10, logs and tables of numbers 100.
    var ratio = 200
    /// Expanded bytes that any file may have, whatever its ratio.
    var allowance = 64 << 20

    func check(path: String, compressed: Int, expanded: Int) throws {
        let limit = max(allowance, compressed.multipliedReportingOverflow(by: ratio).partialValue)
        if expanded > limit { throw CorpusError.expandsTooMuch(path: path, compressed: compressed, expanded: limit) }
    }
}
