import CZlib

/// The contents of a gzip file: one member or several, one after another, as `cat a.gz b.gz` makes them.
final class GzipBytes: ByteStream {
    private let source: FileBytes
    private let limit: ExpansionLimit
    private var stream = z_stream()
    private var input: [UInt8] = []
    private var inputUsed = 0
    private var expanded = 0
    /// Between members, where the file may end.
    private var isBetweenMembers = false

    init(_ source: FileBytes, limit: ExpansionLimit) throws {
        (self.source, self.limit) = (source, limit)
        // 16 more than the largest window: a gzip header is expected.
        let status = inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw CorpusError.unreadable(path: source.path, reason: "zlib does not start (\(status))") }
    }

    deinit { inflateEnd(&stream) }

    func next() throws -> [UInt8]? {
        while true {
            if inputUsed == input.count {
                guard let piece = try source.next() else {
                    guard isBetweenMembers else { throw damaged("it ends before its end mark") }
                    return nil
                }
                (input, inputUsed) = (piece, 0)
            }
            if isBetweenMembers {
                guard inflateReset(&stream) == Z_OK else { throw damaged("zlib does not go on") }
                isBetweenMembers = false
            }
            let output = try inflatePiece()
            if !output.isEmpty { return output }
        }
    }

    private func inflatePiece() throws -> [UInt8] {
        var status = Z_OK
        let output = [UInt8](unsafeUninitializedCapacity: source.pieceSize) { buffer, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress! + inputUsed
                stream.avail_in = UInt32(input.count - inputUsed)
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                status = inflate(&stream, Z_NO_FLUSH)
                inputUsed = input.count - Int(stream.avail_in)
                count = buffer.count - Int(stream.avail_out)
            }
        }
        switch status {
        case Z_STREAM_END: isBetweenMembers = true
        case Z_OK, Z_BUF_ERROR: break
        default: throw damaged(stream.msg.map { String(cString: $0) } ?? "zlib status \(status)")
        }
        expanded += output.count
        try limit.check(path: source.path, compressed: source.bytesRead, expanded: expanded)
        return output
    }

    var bytesRead: Int { source.bytesRead }

    private func damaged(_ reason: String) -> CorpusError { .damagedCompression(path: source.path, reason: reason) }
}
