import Foundation

/// The rows of a store that is being written, in the order in which they were scored: what a killed `winnow score` goes on
/// from. It lies beside the store as `<name>.partial`.
///
/// | bytes | what |
/// |---|---|
/// | 8 | `WNWLOSS1` |
/// | 4 | u32: length of the layout |
/// | … | the layout, one line of text |
///
/// then records of one size, little-endian: u32 block, u32 tokens, f64 seconds, the row's `losses` and `entropies` as the store
/// will have them, and the u64 FNV-1a hash of what stands before it. A record that was cut off or doesn't have its hash ends
/// the log; what follows it is dropped.
final class ReferenceLossLog {
    let url: URL
    private let layout: ReferenceLossLayout
    private let descriptor: Int32
    private let start: Int
    private(set) var recordOfBlock: [Int: Int] = [:]
    private(set) var seconds = 0.0
    private var recordCount = 0

    private static let magic = Array("WNWLOSS1".utf8)
    private static let headCount = 16
    private var rowByteCount: Int { layout.rowByteCount }
    private var recordByteCount: Int { Self.headCount + rowByteCount * (layout.hasEntropies ? 2 : 1) + 8 }

    /// Begins a log, or goes on with the one that is there.
    ///
    /// - Throws: `RunRecordError.foreignPartialStore` where it is one of another layout, `.inUse` where another writer has it.
    init(at url: URL, layout: ReferenceLossLayout) throws {
        (self.url, self.layout) = (url, layout)
        let text = Array(layout.text.utf8)
        let header = Self.magic + withUnsafeBytes(of: UInt32(text.count).littleEndian, Array.init) + text
        start = header.count
        descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.failure(url) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw RunRecordError.inUse(file: url.path)
        }
        do {
            let count = try byteCount()
            let found = try read(at: 0, count: min(count, header.count))
            if found == header {
                try findRecords(upTo: count)
            } else if header.starts(with: found) {
                // Killed while it was begun.
                try truncate(to: 0)
                try write(header, at: 0)
            } else {
                throw RunRecordError.foreignPartialStore(file: url.path)
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// - Throws: `RunRecordError.unwritable`; the log then ends with the record before.
    func append(_ row: ReferenceLossRow, seconds: Double) throws {
        var record: [UInt8] = []
        record.reserveCapacity(recordByteCount)
        func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { record.append(contentsOf: $0) } }
        put(UInt32(row.block))
        put(UInt32(row.length))
        put(seconds.bitPattern)
        record += try layout.bytes(of: row, row.losses, file: url.path)
        if layout.hasEntropies { record += try layout.bytes(of: row, row.entropies!, file: url.path) }
        put(Self.hash(record[...]))
        let end = start + recordCount * recordByteCount
        do { try write(record, at: end) } catch {
            try? truncate(to: end)
            throw error
        }
        note(block: row.block, seconds: seconds)
    }

    func losses(ofBlock block: Int) throws -> ReferenceLossRow {
        let row = try row(ofBlock: block)
        func values(_ bytes: ArraySlice<UInt8>) -> [Float] { Array(layout.values(bytes)[1..<row.length]) }
        return ReferenceLossRow(block: block, losses: values(row.losses), entropies: row.entropies.map(values))
    }

    /// Tokens of a row, and its bytes as a store has them.
    func row(ofBlock block: Int) throws -> (length: Int, losses: ArraySlice<UInt8>, entropies: ArraySlice<UInt8>?) {
        let record = try read(at: start + recordOfBlock[block]! * recordByteCount, count: recordByteCount)
        let entropies = Self.headCount + rowByteCount
        return (
            Int(Self.integer(UInt32.self, record, 4)), record[Self.headCount..<entropies],
            layout.hasEntropies ? record[entropies..<entropies + rowByteCount] : nil
        )
    }

    /// Deletes the file. The log can't be used afterwards.
    func remove() { unlink(url.path) }

    private func findRecords(upTo count: Int) throws {
        var place = start
        while place + recordByteCount <= count {
            let record = try read(at: place, count: recordByteCount)
            let hashed = record.count - 8
            guard record.count == recordByteCount, Self.hash(record[..<hashed]) == Self.integer(UInt64.self, record, hashed)
            else { break }
            let (block, length) = (Self.integer(UInt32.self, record, 0), Self.integer(UInt32.self, record, 4))
            let seconds = Double(bitPattern: Self.integer(UInt64.self, record, 8))
            // No writer leaves these under a right hash.
            guard Int32(exactly: block) != nil, 2...UInt32(layout.key.blockLength) ~= length, seconds >= 0 else {
                throw RunRecordError.notAReferenceLossFile(
                    file: url.path, reason: "block \(block) has \(length) tokens, scored in \(seconds) s")
            }
            note(block: Int(block), seconds: seconds)
            place += recordByteCount
        }
        try truncate(to: place)
    }

    private func note(block: Int, seconds: Double) {
        recordOfBlock[block] = recordCount
        self.seconds += seconds
        recordCount += 1
    }

    private static func integer<Value: FixedWidthInteger>(_: Value.Type, _ bytes: [UInt8], _ offset: Int) -> Value {
        bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    // MARK: The file

    private func byteCount() throws -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(url) }
        return Int(status.st_size)
    }

    private func read(at place: Int, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(place + filled))
                if got < 0 && errno == EINTR { continue }
                guard got >= 0 else { throw RunRecordError.unreadable(file: url.path, reason: String(cString: strerror(errno))) }
                if got == 0 { break }
                filled += got
            }
        }
    }

    private func write(_ bytes: [UInt8], at start: Int) throws {
        var place = off_t(start)
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, place) }
            if written < 0 && errno == EINTR { continue }
            guard written >= 0 else { throw Self.failure(url) }
            place += off_t(written)
            rest = rest.dropFirst(written)
        }
    }

    private func truncate(to count: Int) throws {
        guard ftruncate(descriptor, off_t(count)) == 0 else { throw Self.failure(url) }
    }

    private static func failure(_ url: URL) -> RunRecordError {
        .unwritable(file: url.path, reason: String(cString: strerror(errno)))
    }
}
