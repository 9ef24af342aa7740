import Foundation

/// A file that appears whole or not at all.
///
/// It is written beside its destination under a hidden name, flushed to the disk, and renamed; a reader sees the old file or
/// the new one. If it is not committed, for whatever reason, nothing of it stays.
public final class AtomicFile {
    public let url: URL

    private let temporaryPath: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private static let bufferByteCount = 1 << 20

    /// - Throws: `CheckpointError.system` where the folder is missing or cannot be written.
    public init(at url: URL) throws {
        self.url = url
        temporaryPath = url.deletingLastPathComponent().appendingPathComponent(hiddenSibling(of: url)).path
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw CheckpointError.system(operation: "create", path: url.path, code: errno) }
    }

    deinit { discard() }

    /// Writes `data` whole.
    public static func write(_ data: Data, to url: URL) throws {
        let file = try AtomicFile(at: url)
        try file.append(data)
        try file.commit()
    }

    public func append(_ bytes: some ContiguousBytes) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Small pieces are gathered before they are written.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        precondition(descriptor >= 0, "\(url.path) is committed already")
        if buffer.count + bytes.count > Self.bufferByteCount { try flush() }
        if bytes.count > Self.bufferByteCount {
            try write(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    /// Puts the file in its place, on the disk when this returns.
    public func commit() throws {
        precondition(descriptor >= 0, "\(url.path) is committed already")
        do {
            try flush()
            guard fsync(descriptor) == 0 else { throw failure("flush") }
            let closed = close(descriptor)
            descriptor = -1
            guard closed == 0, rename(temporaryPath, url.path) == 0 else {
                let error = failure(closed == 0 ? "move into place" : "close")
                unlink(temporaryPath)
                throw error
            }
        } catch {
            discard()
            throw error
        }
        try synchronize(url.deletingLastPathComponent())
    }

    private func flush() throws {
        try buffer.withUnsafeBytes { try write($0) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written >= 0 else { throw failure("write") }
            rest = rest.dropFirst(written)
        }
    }

    private func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporaryPath)
        descriptor = -1
    }

    private func failure(_ operation: String) -> CheckpointError {
        .system(operation: operation, path: url.path, code: errno)
    }
}

/// A hidden name beside `url` that no other writer uses.
func hiddenSibling(of url: URL) -> String {
    ".\(url.lastPathComponent).\(UInt64.random(in: .min ... .max)).partial"
}

/// Flushes a file, or a folder's list of names, to the disk.
package func synchronize(_ url: URL) throws {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CheckpointError.system(operation: "open", path: url.path, code: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw CheckpointError.system(operation: "flush", path: url.path, code: errno) }
}
