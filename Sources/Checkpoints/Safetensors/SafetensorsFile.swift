import Foundation

/// One safetensors file, memory-mapped; `SafetensorsHeader` describes the format.
public struct SafetensorsFile: TensorSource {
    public let url: URL
    public let tensors: [TensorDescription]
    /// The file's free text, such as `["format": "pt"]`.
    public let metadata: [String: String]

    private let file: MappedFile
    private let entries: [String: SafetensorsHeader.Entry]

    /// Maps the file and checks its header; no tensor is read yet.
    ///
    /// - Throws: `CheckpointError.system` where the file cannot be mapped, `.malformed` and `.unsupportedType` where its
    ///   header is wrong.
    public init(_ url: URL) throws { try self.init(MappedFile(url), at: url) }

    package init(_ file: MappedFile, at url: URL) throws {
        self.url = url
        let header = try file.withBytes { try SafetensorsHeader($0, file: url.path) }
        self.file = file
        metadata = header.metadata
        tensors = header.entries.map(\.description)
        entries = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.description.name, $0) })
    }

    public func description(of name: String) -> TensorDescription? { entries[name]?.description }

    public func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
        let entry = try entry(name)
        guard destination.count == entry.description.count else {
            throw CheckpointError.wrongCount(
                tensor: name, file: url.path, expected: entry.description.count, given: destination.count)
        }
        file.withBytes(in: entry.range) { entry.description.elementType.decode($0, into: destination) }
        file.release(entry.range)
    }

    public func readStored(_ name: String, into destination: UnsafeMutableRawBufferPointer) throws {
        let entry = try entry(name)
        guard destination.count == entry.range.count else {
            throw CheckpointError.wrongCount(
                tensor: name, file: url.path, expected: entry.range.count, given: destination.count)
        }
        file.withBytes(in: entry.range) { destination.copyMemory(from: $0) }
        file.release(entry.range)
    }

    /// Calls `body` with a tensor's bytes as stored: row-major, little-endian, at any alignment, valid until it returns.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try file.withBytes(in: entry(name).range, body)
    }

    /// A tensor of an integer type or of booleans, widened.
    ///
    /// - Throws: `CheckpointError.unsupportedType` where it holds floats: rounding them is the caller's decision.
    public func integers(_ name: String) throws -> [Int64] {
        let entry = try entry(name)
        return try file.withBytes(in: entry.range) { bytes in
            switch entry.description.elementType {
            case .int64: widened(bytes, from: Int64.self)
            case .int32: widened(bytes, from: Int32.self)
            case .int16: widened(bytes, from: Int16.self)
            case .int8: widened(bytes, from: Int8.self)
            case .uint8, .bool: widened(bytes, from: UInt8.self)
            default:
                throw CheckpointError.unsupportedType(
                    tensor: name, type: entry.description.elementType.rawValue, file: url.path,
                    supported: ["I64", "I32", "I16", "I8", "U8", "BOOL"])
            }
        }
    }

    /// A tensor of truth values; as integers, anything but 0 is true.
    public func bools(_ name: String) throws -> [Bool] { try integers(name).map { $0 != 0 } }

    private func entry(_ name: String) throws -> SafetensorsHeader.Entry {
        guard let entry = entries[name] else { throw CheckpointError.unknownTensor(name: name, file: url.path) }
        return entry
    }

    private func widened<Stored: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, from _: Stored.Type) -> [Int64] {
        let size = MemoryLayout<Stored>.size
        return (0..<bytes.count / size).map { Int64(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Stored.self)) }
    }
}
