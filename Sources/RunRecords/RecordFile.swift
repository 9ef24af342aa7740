import Checkpoints
import Foundation

/// One `Codable` record in one JSON file: pretty, keys sorted, dates in ISO 8601, written atomically.
///
/// A loss that is not finite is written as the string `"nan"`, `"inf"` or `"-inf"`, since JSON has no such numbers
/// and a run that diverged must still leave its records.
public enum RecordFile {
    public static func read<Record: Decodable>(_ type: Record.Type, from url: URL) throws -> Record {
        let data = try bytes(of: url)
        do { return try decoder().decode(type, from: data) } catch {
            throw RunRecordError.unreadable(file: url.path, reason: reason(error))
        }
    }

    /// What is in a file that may come from a stranger: not a named pipe, which would wait, nor a device, which wouldn't end.
    static func bytes(of url: URL) throws -> Data {
        func unreadable(_ reason: String) -> RunRecordError { .unreadable(file: url.path, reason: reason) }
        do { return try MappedFile(url).withBytes { Data($0) } } catch {
            switch error {
            case CheckpointError.notARegularFile: throw unreadable("it is not a regular file")
            case CheckpointError.system(_, _, let code): throw unreadable(String(cString: strerror(code)))
            default: throw unreadable("\(error)")
            }
        }
    }

    /// The record appears whole or not at all, and is on the disk when this returns.
    public static func write(_ record: some Encodable, to url: URL) throws {
        do {
            let encoder = encoder()
            encoder.outputFormatting.insert(.prettyPrinted)
            var data = try encoder.encode(record)
            data.append(UInt8(ascii: "\n"))
            try AtomicFile.write(data, to: url)
        } catch {
            throw RunRecordError.unwritable(file: url.path, reason: "\(error)")
        }
    }

    /// The same encoding on one line, for JSONL and for `--json`.
    public static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    public static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }

    /// `DecodingError` with the key it stumbled over, in a sentence.
    static func reason(_ error: Error) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "at the top" : "at `" + path.map(\.stringValue).joined(separator: ".") + "`"
        }
        return switch error {
        case DecodingError.keyNotFound(let key, let context): "no key `\(key.stringValue)` \(place(context.codingPath))"
        case DecodingError.valueNotFound(_, let context): "null \(place(context.codingPath))"
        case DecodingError.typeMismatch(let type, let context): "not a \(type) \(place(context.codingPath))"
        case DecodingError.dataCorrupted(let context): "\(context.debugDescription) \(place(context.codingPath))"
        default: error.localizedDescription
        }
    }
}
