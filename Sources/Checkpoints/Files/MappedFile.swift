import Foundation

/// A file's bytes, mapped read-only into memory; the system reads the pages as they are touched.
///
/// The file must keep its length while it is mapped: touching a page that was cut off raises SIGBUS, which
/// ``UnreadableMapping`` makes a sentence of. Winnow's own writers replace files by renaming, which leaves an old mapping whole.
public final class MappedFile: @unchecked Sendable {
    // @unchecked: the bytes are read-only and stay where they are until `deinit`.

    public let path: String
    private let bytes: UnsafeRawBufferPointer
    /// Whether the bytes are a copy in memory, and no mapping.
    private let isCopy: Bool

    public var count: Int { bytes.count }

    /// - Throws: `CheckpointError.system` with the path and `errno`, `.notARegularFile`.
    public init(_ url: URL) throws {
        path = url.path
        isCopy = false
        // Without O_NONBLOCK, opening a named pipe waits until somebody writes to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw CheckpointError.system(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw CheckpointError.system(operation: "examine", path: path, code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CheckpointError.notARegularFile(path: path) }
        let count = Int(status.st_size)
        if count == 0 {  // An empty mapping is an error to the system.
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw CheckpointError.system(operation: "map", path: path, code: errno)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
        UnreadableMapping.watch(bytes, of: path)
    }

    /// A file that is in memory already, as fuzzing feeds readers: in memory of just its size, so that AddressSanitizer sees an
    /// access past the end, which in a mapping would find the rest of the page.
    package init(copying source: UnsafeRawBufferPointer, path: String) {
        (self.path, isCopy) = (path, true)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 16)
        copy.copyMemory(from: source)
        bytes = UnsafeRawBufferPointer(copy)
    }

    deinit {
        if isCopy {
            bytes.deallocate()
        } else if let start = bytes.baseAddress {
            UnreadableMapping.forget(bytes)
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }

    /// Calls `body` with the bytes, which are valid only until it returns.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// Calls `body` with the bytes of `range`, which are valid only until it returns.
    public func withBytes<Result>(in range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Lets go of the memory behind `range`, once it has been read: it counts as the process' own until then. Reading it again brings
    /// it back.
    public func release(_ range: Range<Int>) {
        guard !isCopy else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        // Whole pages: the others hold what stands beside the range.
        let (first, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        guard first < end, let start = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED)
    }
}
