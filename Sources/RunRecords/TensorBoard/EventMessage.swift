import Foundation

/// TensorFlow's `Event` in protobuf's wire format, as far as scalars need it.
///
/// ```proto
/// message Event      { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
/// message Summary    { message Value { string tag = 1; float simple_value = 2; }  repeated Value value = 1; }
/// message SessionLog { enum SessionStatus { START = 1; }  SessionStatus status = 1; }
/// ```
/// Written by hand: four kinds of field don't repay the minute that building swift-protobuf costs every clone.
struct EventMessage {
    private(set) var bytes = Data()

    private init(at time: Date) {
        bytes.append(field: 1, .fixed64)
        bytes.append(littleEndian: time.timeIntervalSince1970.bitPattern)
    }

    /// The first event of every file.
    static func fileVersion(at time: Date) -> EventMessage {
        var event = EventMessage(at: time)
        event.bytes.append(field: 3, Data("brain.Event:2".utf8))
        return event
    }

    static func sessionStart(step: Int, at time: Date) -> EventMessage {
        var session = Data()
        session.append(field: 1, .varint)
        session.append(varint: 1)
        var event = EventMessage(at: time, step: step)
        event.bytes.append(field: 7, session)
        return event
    }

    static func scalars(_ scalars: [(tag: String, value: Double)], step: Int, at time: Date) -> EventMessage {
        var summary = Data()
        for (tag, value) in scalars {
            var scalar = Data()
            scalar.append(field: 1, Data(tag.utf8))
            scalar.append(field: 2, .fixed32)
            scalar.append(littleEndian: Float(value).bitPattern)
            summary.append(field: 1, scalar)
        }
        var event = EventMessage(at: time, step: step)
        event.bytes.append(field: 5, summary)
        return event
    }

    private init(at time: Date, step: Int) {
        self.init(at: time)
        bytes.append(field: 2, .varint)
        bytes.append(varint: UInt64(step))
    }
}

private enum WireType: UInt64 { case varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 }

extension Data {
    fileprivate mutating func append(field: UInt64, _ type: WireType) { append(varint: field << 3 | type.rawValue) }

    /// A string or a message within a message.
    fileprivate mutating func append(field: UInt64, _ contents: Data) {
        append(field: field, .bytes)
        append(varint: UInt64(contents.count))
        append(contents)
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fileprivate mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
