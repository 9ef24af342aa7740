import Foundation

/// Writes one safetensors file, tensor by tensor, so that only one need be in memory; `SafetensorsHeader` describes the format.
///
/// Equal tensors and metadata give equal bytes. The file appears whole or not at all.
public struct SafetensorsWriter: Sendable {
    /// In the order in which they will lie in the file: wide types first, which keeps every tensor aligned, then by name.
    public let tensors: [TensorDescription]
    public let metadata: [String: String]

    /// The types that can be written.
    public static let elementTypes: [ElementType] = [.float32, .float16, .bfloat16, .int64, .int32, .uint8, .bool]

    /// - Precondition: the names differ, and no shape has a negative size.
    public init(_ tensors: [TensorDescription], metadata: [String: String] = ["format": "pt"]) {
        precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors of one name")
        precondition(tensors.allSatisfy { $0.name != "__metadata__" }, "a tensor cannot be named __metadata__")
        self.tensors = tensors.sorted {
            ($1.elementType.blockByteCount, $0.name) < ($0.elementType.blockByteCount, $1.name)
        }
        self.metadata = metadata
    }

    /// Writes what fits in memory at once.
    public static func write(
        _ contents: [(TensorDescription, TensorValues)], metadata: [String: String] = ["format": "pt"], to url: URL
    ) throws {
        let values = Dictionary(uniqueKeysWithValues: contents.map { ($0.0.name, $0.1) })
        try SafetensorsWriter(contents.map(\.0), metadata: metadata).write(to: url) { values[$0.name]! }
    }

    /// Asks `values` for each tensor, in the file's order, and writes it.
    ///
    /// - Throws: `CheckpointError.system`, `.unsupportedType`, `.wrongCount`, `.valueOutOfRange`, and what `values` throws;
    ///   then no file is written, and one that was there stays.
    public func write(to url: URL, values: (TensorDescription) throws -> TensorValues) throws {
        try write(to: url) { tensor, file in try values(tensor).append(to: file, as: tensor) }
    }

    /// Has each tensor's bytes appended piece by piece, in the file's order: for tensors that don't fit in memory.
    ///
    /// - Precondition: as many bytes are appended as the tensor takes.
    public func write(
        to url: URL, appending bytes: (TensorDescription, _ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        try write(to: url) { tensor, file in
            var rest = tensor.elementType.byteCount(ofShape: tensor.shape)!
            try bytes(tensor) {
                rest -= $0.count
                try file.append($0)
            }
            precondition(rest == 0, "tensor '\(tensor.name)' got \(-rest) bytes too many")
        }
    }

    private func write(to url: URL, each: (TensorDescription, AtomicFile) throws -> Void) throws {
        let header = try header(file: url.path)
        let file = try AtomicFile(at: url)
        try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.append($0) }
        try file.append(header)
        for tensor in tensors { try each(tensor, file) }
        try file.commit()
    }

    /// The JSON, padded with spaces so that the tensors begin at a multiple of eight.
    private func header(file: String) throws -> Data {
        var entries: [String: Entry] = metadata.isEmpty ? [:] : ["__metadata__": .metadata(metadata)]
        var offset = 0
        for tensor in tensors {
            guard Self.elementTypes.contains(tensor.elementType) else {
                throw CheckpointError.unsupportedType(
                    tensor: tensor.name, type: tensor.elementType.rawValue, file: file,
                    supported: Self.elementTypes.map(\.rawValue))
            }
            guard let byteCount = tensor.elementType.byteCount(ofShape: tensor.shape) else {
                preconditionFailure("tensor '\(tensor.name)' cannot have the shape \(tensor.shape)")
            }
            entries[tensor.name] = .tensor(type: tensor.elementType, shape: tensor.shape, range: offset..<offset + byteCount)
            offset += byteCount
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = try encoder.encode(entries)
        return json + Data(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
    }

    private enum Entry: Encodable {
        case metadata([String: String])
        case tensor(type: ElementType, shape: [Int], range: Range<Int>)

        private enum Keys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .metadata(let text): try text.encode(to: encoder)
            case .tensor(let type, let shape, let range):
                var container = encoder.container(keyedBy: Keys.self)
                try container.encode(type.rawValue, forKey: .dtype)
                try container.encode(shape, forKey: .shape)
                try container.encode([range.lowerBound, range.upperBound], forKey: .offsets)
            }
        }
    }
}
