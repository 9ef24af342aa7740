import Foundation

/// The index at the head of a safetensors file, checked against the file's length.
///
/// The format: eight bytes, little-endian, say how long the header is; the header is one JSON object,
/// `{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {"key": "text"}}`,
/// possibly padded with spaces; the rest of the file is the tensors' bytes, to which the offsets refer,
/// row-major and little-endian, without holes and without overlap.
struct SafetensorsHeader {
    struct Entry {
        var description: TensorDescription
        /// In the file.
        var range: Range<Int>
    }

    /// What the reference implementation accepts at most.
    static let maximumByteCount = 100_000_000

    /// In the order of their bytes.
    let entries: [Entry]
    let metadata: [String: String]

    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - file: its path, for errors.
    init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
        func malformed(_ problem: String) -> CheckpointError { .malformed(file: file, problem: problem) }
        guard bytes.count >= 8 else { throw malformed("has \(bytes.count) bytes; a safetensors file has at least 8") }
        let claimed = bytes.loadUnaligned(as: UInt64.self)
        guard claimed <= UInt64(Self.maximumByteCount) else {
            throw malformed("claims a header of \(claimed) bytes; at most \(Self.maximumByteCount) are allowed")
        }
        let dataStart = 8 + Int(claimed)
        guard dataStart <= bytes.count else {
            throw malformed("claims a header of \(claimed) bytes, but only \(bytes.count - 8) follow")
        }
        let document = try JSONFile.decode(Document.self, from: Data(bytes[8..<dataStart]), file: file)
        metadata = document.metadata

        let dataCount = bytes.count - dataStart
        var entries: [Entry] = []
        entries.reserveCapacity(document.tensors.count)
        for (name, stored) in document.tensors {
            guard let type = ElementType(rawValue: stored.dtype), type.blockLength == 1 else {
                throw CheckpointError.unsupportedType(
                    tensor: name, type: stored.dtype, file: file,
                    supported: ElementType.allCases.filter { $0.blockLength == 1 }.map(\.rawValue))
            }
            guard stored.data_offsets.count == 2, let begin = stored.data_offsets.first, let end = stored.data_offsets.last,
                0 <= begin, begin <= end, end <= dataCount
            else {
                throw malformed("tensor '\(name)' claims the bytes \(stored.data_offsets) of the \(dataCount) there are")
            }
            guard let needed = type.byteCount(ofShape: stored.shape), needed == end - begin else {
                throw malformed(
                    "tensor '\(name)' of shape \(stored.shape) and type \(type.rawValue) cannot take \(end - begin) bytes")
            }
            entries.append(
                Entry(
                    description: TensorDescription(name: name, elementType: type, shape: stored.shape),
                    range: dataStart + begin..<dataStart + end))
        }
        entries.sort {
            ($0.range.lowerBound, $0.range.upperBound, $0.description.name)
                < ($1.range.lowerBound, $1.range.upperBound, $1.description.name)
        }
        var covered = dataStart
        for entry in entries {
            guard entry.range.lowerBound == covered else {
                let flaw = entry.range.lowerBound < covered ? "overlaps the tensor before it" : "leaves a hole before it"
                throw malformed("tensor '\(entry.description.name)' \(flaw)")
            }
            covered = entry.range.upperBound
        }
        guard covered == bytes.count else { throw malformed("has \(bytes.count - covered) bytes that belong to no tensor") }
        self.entries = entries
    }
}

extension SafetensorsHeader {
    private struct StoredTensor: Decodable {
        var dtype: String
        var shape: [Int]
        var data_offsets: [Int]
    }

    private struct Document: Decodable {
        var tensors: [String: StoredTensor] = [:]
        var metadata: [String: String] = [:]

        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in container.allKeys {
                if key.stringValue == "__metadata__" {
                    metadata = try container.decode([String: String].self, forKey: key)
                } else {
                    tensors[key.stringValue] = try container.decode(StoredTensor.self, forKey: key)
                }
            }
        }
    }
}
