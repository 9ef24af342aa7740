import Checkpoints
import Foundation

/// The append-only `metrics.jsonl` of a run: one JSON object a line, steps and evaluations mixed.
///
/// A line is handed to the kernel when it is appended, so a killed process loses at most the line it was writing;
/// `synchronize()` makes the file survive a power failure as well (call it before a checkpoint is renamed into place).
public final class MetricsLog {
    public let url: URL
    private let handle: FileHandle
    private let encoder = RecordFile.encoder()

    private init(at url: URL, handle: FileHandle) {
        (self.url, self.handle) = (url, handle)
    }

    deinit { try? handle.close() }

    /// Starts an empty log, replacing what is there.
    public static func create(at url: URL) throws -> MetricsLog {
        do {
            try Data().write(to: url)
            return MetricsLog(at: url, handle: try FileHandle(forWritingTo: url))
        } catch {
            throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
        }
    }

    /// Goes on with a log after dropping a torn last line and everything past `step`, where the run resumes.
    public static func resume(at url: URL, after step: Int) throws -> MetricsLog {
        let lines = try lines(at: url)
        do {
            var kept = Data()
            for line in lines where line.record.step <= step {
                kept.append(line.bytes)
                kept.append(newline)
            }
            try AtomicFile.write(kept, to: url)
            let handle = try FileHandle(forWritingTo: url)
            try handle.seekToEnd()
            return MetricsLog(at: url, handle: handle)
        } catch {
            throw RunRecordError.unwritable(file: url.path, reason: "\(error)")
        }
    }

    public func append(_ line: MetricsLine) throws {
        do {
            var bytes = try encoder.encode(line)
            bytes.append(Self.newline)
            try handle.write(contentsOf: bytes)
        } catch {
            throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
        }
    }

    /// Waits until everything appended is on the disk.
    public func synchronize() throws {
        do { try handle.synchronize() } catch {
            throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
        }
    }

    /// Reads a log, finished or still being written.
    ///
    /// - Throws: `RunRecordError.malformedLine` for anything unreadable but a last line without its newline, which a kill
    ///   leaves behind and which is dropped.
    public static func read(_ url: URL) throws -> MetricsHistory {
        MetricsHistory(try lines(at: url).map(\.record))
    }

    private static let newline = UInt8(ascii: "\n")

    private static func lines(at url: URL) throws -> [(bytes: Data, record: MetricsLine)] {
        let data = try RecordFile.bytes(of: url)
        let decoder = RecordFile.decoder()
        var lines: [(bytes: Data, record: MetricsLine)] = []
        // One after another: a file of line ends alone would be cut into slices many times its size before the first is refused.
        var start = data.startIndex
        while let end = data[start...].firstIndex(of: newline) {
            func malformed(_ reason: String) -> RunRecordError {
                .malformedLine(file: url.path, line: lines.count + 1, reason: reason)
            }
            let bytes = data[start..<end]
            let record: MetricsLine
            do { record = try decoder.decode(MetricsLine.self, from: bytes) } catch {
                throw malformed(RecordFile.reason(error))
            }
            if let flaw = record.countFlaw { throw malformed(flaw) }
            lines.append((bytes, record))
            start = end + 1
        }
        return lines
    }
}
