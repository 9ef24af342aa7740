import CZstd

/// The contents of a Zstandard file: one frame or several.
final class ZstandardBytes: ByteStream {
    private let source: FileBytes
    private let limit: ExpansionLimit
    private let stream: OpaquePointer
    private var input: [UInt8] = []
    private var inputUsed = 0
    private var expanded = 0
    /// Between frames, where the file may end.
    private var isBetweenFrames = false

    init(_ source: FileBytes, limit: ExpansionLimit) throws {
        guard let stream = ZSTD_createDStream() else {
            throw CorpusError.unreadable(path: source.path, reason: "libzstd does not start")
        }
        (self.source, self.limit, self.stream) = (source, limit, stream)
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowLog(fileSize: source.size))
    }

    /// The largest window, as a power of two, that a frame may ask memory for: 32 MiB, and 128 MiB, libzstd's own limit, of a
    /// file that is as large as a frame that needs it. Twenty bytes can claim any window.
    private static func windowLog(fileSize: Int) -> Int32 { fileSize >= 64 << 20 ? 27 : fileSize >= 16 << 20 ? 26 : 25 }

    deinit { ZSTD_freeDStream(stream) }

    func next() throws -> [UInt8]? {
        while true {
            let output = try decompressPiece()
            if !output.isEmpty { return output }
            if inputUsed == input.count {
                guard let piece = try source.next() else {
                    guard isBetweenFrames else { throw damaged("it ends before its end mark") }
                    return nil
                }
                (input, inputUsed) = (piece, 0)
            }
        }
    }

    private func decompressPiece() throws -> [UInt8] {
        var status = 0
        // libzstd may hold output back from input that it has taken: it is called with no input left, too, but not past a
        // frame's end, where it would ask for another frame.
        guard inputUsed < input.count || !isBetweenFrames else { return [] }
        let output = [UInt8](unsafeUninitializedCapacity: source.pieceSize) { buffer, count in
            input.withUnsafeBufferPointer { input in
                var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: inputUsed)
                var into = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
                status = ZSTD_decompressStream(stream, &into, &from)
                (inputUsed, count) = (from.pos, into.pos)
            }
        }
        guard ZSTD_isError(status) == 0 else { throw damaged(String(cString: ZSTD_getErrorName(status))) }
        isBetweenFrames = status == 0
        expanded += output.count
        try limit.check(path: source.path, compressed: source.bytesRead, expanded: expanded)
        return output
    }

    var bytesRead: Int { source.bytesRead }

    private func damaged(_ reason: String) -> CorpusError { .damagedCompression(path: source.path, reason: reason) }
}
