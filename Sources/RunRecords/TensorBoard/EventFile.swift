import Foundation

/// Scalars as TensorBoard reads them: `events.out.tfevents.<seconds>.winnow`, a TFRecord file of `Event` messages.
///
/// | bytes | one record |
/// |---|---|
/// | 8 | length of the message, little-endian as all numbers |
/// | 4 | masked CRC-32C of the length |
/// | | the message |
/// | 4 | masked CRC-32C of the message |
public final class EventFile {
    public let url: URL
    private let handle: FileHandle

    /// Starts a file beside those that are there already.
    ///
    /// - Parameter step: the first step that it will tell of; TensorBoard then forgets what earlier files say of it and later.
    public init(in directory: URL, from step: Int, at time: Date = Date()) throws {
        // TensorBoard reads files in the order of their names, and a clock may have been set back since the last.
        let seconds = max(Int(time.timeIntervalSince1970), Self.latest(in: directory) ?? 0)
        let stem = "\(RunDirectory.eventsPrefix)\(seconds).winnow"
        var url = directory.appendingPathComponent(stem)
        var number = 1
        while FileManager.default.fileExists(atPath: url.path) {
            url = directory.appendingPathComponent(stem + String(format: ".%04d", number))
            number += 1
        }
        self.url = url
        do {
            try Data().write(to: url)
            handle = try FileHandle(forWritingTo: url)
        } catch {
            throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
        }
        try append(EventMessage.fileVersion(at: time))
        try append(EventMessage.sessionStart(step: step, at: time))
    }

    deinit { try? handle.close() }

    /// The latest time that a file's name says.
    private static func latest(in directory: URL) -> Int? {
        (try? FileManager.default.contentsOfDirectory(atPath: directory.path))?.compactMap { name in
            guard name.hasPrefix(RunDirectory.eventsPrefix) else { return nil }
            return name.dropFirst(RunDirectory.eventsPrefix.count).split(separator: ".").first.flatMap { Int($0) }
        }.max()
    }

    /// - Parameter scalars: by tag, in the order of writing.
    public func append(_ scalars: [(tag: String, value: Double)], step: Int, at time: Date = Date()) throws {
        try append(EventMessage.scalars(scalars, step: step, at: time))
    }

    private func append(_ message: EventMessage) throws {
        let length = withUnsafeBytes(of: UInt64(message.bytes.count).littleEndian) { Data($0) }
        let record = length + Self.maskedChecksum(length) + message.bytes + Self.maskedChecksum(message.bytes)
        do { try handle.write(contentsOf: record) } catch {
            throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
        }
    }

    /// Rotated and offset, since a checksum of data that contains its own checksum is weak (TensorFlow's crc32c.h).
    private static func maskedChecksum(_ data: Data) -> Data {
        let checksum = CRC32C.of(data)
        return withUnsafeBytes(of: ((checksum >> 15 | checksum << 17) &+ 0xA282_EAD8).littleEndian) { Data($0) }
    }
}
