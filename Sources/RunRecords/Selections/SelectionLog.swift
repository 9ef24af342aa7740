import Foundation

/// `selections.bin`: which tokens each step trained on, a bit a token. Numbers are unsigned, little-endian.
///
/// | bytes | header |
/// |---|---|
/// | 8 | `WINNOWSL` |
/// | 4 | format: 1 |
/// | 4 | tokens in a block, T |
/// | 4 | blocks in a step, B |
/// | 4 | length of the next field |
/// | | content hash of the training tokens, UTF-8 |
///
/// | bytes | one record a step, from step 1 on |
/// |---|---|
/// | 4 | step |
/// | 4 B | indices of its blocks |
/// | ⌈B T / 8⌉ | position t of the step's block b is bit (b T + t) mod 8, the lowest first, of byte ⌊(b T + t) / 8⌋ |
/// | 4 | CRC-32C of the record up to here |
///
/// A record is handed to the kernel whole when it is appended. A kill, or a power failure, can leave a last record that is
/// torn; it is dropped. Damage anywhere else is an error.
public final class SelectionLog {
    public let url: URL
    public let layout: SelectionHistory.Layout
    private let handle: FileHandle

    private init(at url: URL, layout: SelectionHistory.Layout, handle: FileHandle) {
        (self.url, self.layout, self.handle) = (url, layout, handle)
    }

    deinit { try? handle.close() }

    /// Starts an empty log, replacing what is there.
    public static func create(at url: URL, layout: SelectionHistory.Layout) throws -> SelectionLog {
        try writing(url) {
            try SelectionFormat(layout).header.write(to: url)
            let handle = try FileHandle(forWritingTo: url)
            try handle.seekToEnd()
            return SelectionLog(at: url, layout: layout, handle: handle)
        }
    }

    /// Goes on with a log after dropping what lies behind `step`, where the run resumes.
    ///
    /// - Throws: `RunRecordError.foreignSelections` where the log is of other blocks, or ends before `step`.
    public static func resume(at url: URL, after step: Int, layout: SelectionHistory.Layout) throws -> SelectionLog {
        let history = try read(url)
        guard history.layout == layout else {
            throw RunRecordError.foreignSelections(file: url.path, reason: "it is of \(history.layout), the run of \(layout)")
        }
        guard history.steps.count >= step else {
            throw RunRecordError.foreignSelections(
                file: url.path, reason: "it ends after step \(history.steps.count), and the run goes on after step \(step)")
        }
        return try writing(url) {
            let format = SelectionFormat(layout)
            let handle = try FileHandle(forWritingTo: url)
            try handle.truncate(atOffset: UInt64(format.header.count + step * format.recordLength))
            try handle.seekToEnd()
            return SelectionLog(at: url, layout: layout, handle: handle)
        }
    }

    public func append(_ step: SelectionStep) throws {
        let record = SelectionFormat(layout).record(of: step)
        try Self.writing(url) { try handle.write(contentsOf: record) }
    }

    /// Waits until everything appended is on the disk.
    public func synchronize() throws { try Self.writing(url) { try handle.synchronize() } }

    /// Reads a log, finished or still being written.
    ///
    /// - Throws: `RunRecordError.damagedSelections`, `.unknownFormat`.
    public static func read(_ url: URL) throws -> SelectionHistory {
        try read(RecordFile.bytes(of: url), file: url.path)
    }

    /// The same of a log in memory; `file` names it in errors.
    package static func read(_ log: Data, file: String) throws -> SelectionHistory {
        try SelectionFormat.history(in: log, file: file)
    }

    private static func writing<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch {
            throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
        }
    }
}
