import Foundation

/// Reading and writing the JSON beside weights, with errors that name the file and the key.
package enum JSONFile {
    static func decode<Value: Decodable>(_: Value.Type, from url: URL) throws -> Value {
        try decode(Value.self, from: MappedFile(url).withBytes { Data($0) }, file: url.path)
    }

    /// - Parameter file: what errors call the place that `data` came from.
    package static func decode<Value: Decodable>(_: Value.Type, from data: Data, file: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.userInfo[.checkpointFile] = file
        do {
            return try decoder.decode(Value.self, from: data)
        } catch let error as DecodingError {
            throw CheckpointError.malformed(file: file, problem: describe(error))
        }
    }

    /// Pretty, with sorted keys, so that equal values give equal bytes.
    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }

    private static func describe(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "the document" : "'" + path.map(\.stringValue).joined(separator: ".") + "'"
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): return "\(place(context.codingPath)) is null"
        case .typeMismatch(let type, let context): return "\(place(context.codingPath)) is not of the type \(type)"
        case .dataCorrupted(let context): return "\(place(context.codingPath)) is broken: \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}

extension CodingUserInfoKey {
    /// The path of the file being decoded, a `String`, for the errors of `init(from:)`.
    static let checkpointFile = CodingUserInfoKey(rawValue: "checkpointFile")!
}

extension Decoder {
    /// The file being decoded, as errors name it.
    func file(orElse name: String) -> String { userInfo[.checkpointFile] as? String ?? name }
}
