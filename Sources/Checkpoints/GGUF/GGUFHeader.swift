/// The records at the head of a GGUF file, versions 2 and 3, checked against the file's length.
///
/// The format, little-endian: `GGUF`, version u32, tensor count u64, metadata count u64; each metadata entry is a key
/// (a string: length u64, UTF-8), a type u32 and a value; each tensor is a name, a count of dimensions u32, the dimensions
/// u64 *innermost first*, a type u32 and an offset u64; then padding to `general.alignment` (32 where it is not given),
/// and the tensors' bytes, to which the offsets refer, each aligned the same way.
struct GGUFHeader {
    struct Tensor {
        /// Named as in the file.
        var description: TensorDescription
        /// In the file.
        var range: Range<Int>
    }

    let version: UInt32
    let metadata: [String: GGUFValue]
    /// In the file's order.
    let tensors: [Tensor]

    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - file: its path, for errors.
    init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
        var cursor = GGUFCursor(bytes, file: file)
        guard try cursor.number(UInt32.self, "the magic number") == 0x4655_4747 else {
            throw cursor.malformed("does not begin with 'GGUF'")
        }
        version = try cursor.number(UInt32.self, "the version")
        guard version == 2 || version == 3 else {
            let remark = version.byteSwapped <= 3 ? " (a big-endian file)" : ""
            throw cursor.malformed("is of GGUF version \(version)\(remark), and only versions 2 and 3 are read")
        }
        // A tensor's record is at least 8 + 4 + 4 + 8 bytes, a metadata entry at least 8 + 4 + 1.
        let tensorCount = try cursor.count(ofSize: 24, "the count of tensors")
        let metadataCount = try cursor.count(ofSize: 13, "the count of metadata entries")
        // Each costs several times its bytes. Real files have some dozens of entries, and tensors by the hundred.
        guard tensorCount <= 1 << 20, metadataCount <= 1 << 16 else {
            throw cursor.malformed("claims \(tensorCount) tensors and \(metadataCount) metadata entries")
        }

        var metadata: [String: GGUFValue] = [:]
        for index in 0..<metadataCount {
            let key = try cursor.string("key \(index)")
            guard metadata.updateValue(try cursor.value(of: key), forKey: key) == nil else {
                throw cursor.malformed("has the key '\(key)' twice")
            }
        }
        self.metadata = metadata

        let records = try (0..<tensorCount).map { try Record(&cursor, index: $0) }
        let alignment = try Self.alignment(metadata, cursor)
        let dataStart = (cursor.offset + alignment - 1) / alignment * alignment
        tensors = try records.map { try $0.placed(from: dataStart, alignment: alignment, fileCount: bytes.count, cursor) }

        var covered = 0
        for tensor in tensors.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) where !tensor.range.isEmpty {
            guard tensor.range.lowerBound >= covered else {
                throw cursor.malformed("tensor '\(tensor.description.name)' overlaps another")
            }
            covered = tensor.range.upperBound
        }
        guard Set(tensors.map(\.description.name)).count == tensors.count else {
            throw cursor.malformed("has two tensors of one name")
        }
    }

    private static func alignment(_ metadata: [String: GGUFValue], _ cursor: GGUFCursor) throws -> Int {
        switch metadata["general.alignment"] {
        case nil: return 32
        case .integer(let value)? where value > 0 && value <= 1 << 20 && value % 8 == 0: return Int(value)
        case let other?: throw cursor.malformed("general.alignment is \(other)")
        }
    }
}

extension GGUFHeader {
    /// A tensor's record as it stands in the file.
    private struct Record {
        var name: String
        /// Outermost first.
        var shape: [Int]
        var type: ElementType
        var offset: UInt64

        init(_ cursor: inout GGUFCursor, index: Int) throws {
            let name = try cursor.string("the name of tensor \(index)")
            let dimensionCount = try cursor.number(UInt32.self, "the dimensions of '\(name)'")
            guard dimensionCount <= 4 else { throw cursor.malformed("tensor '\(name)' claims \(dimensionCount) dimensions") }
            var shape: [Int] = []
            for _ in 0..<dimensionCount {
                let size = try cursor.number(UInt64.self, "the dimensions of '\(name)'")
                guard let size = Int(exactly: size) else {
                    throw cursor.malformed("tensor '\(name)' claims a dimension of \(size)")
                }
                shape.append(size)
            }
            let number = try cursor.number(UInt32.self, "the type of '\(name)'")
            guard let type = elementTypes[number] else {
                throw CheckpointError.unsupportedType(
                    tensor: name, type: unreadTypes[number] ?? "number \(number)", file: cursor.file,
                    supported: elementTypes.sorted { $0.key < $1.key }.map(\.value.rawValue))
            }
            (self.name, self.shape, self.type) = (name, shape.reversed(), type)
            offset = try cursor.number(UInt64.self, "the offset of '\(name)'")
        }

        func placed(from dataStart: Int, alignment: Int, fileCount: Int, _ cursor: GGUFCursor) throws -> Tensor {
            guard let byteCount = type.byteCount(ofShape: shape) else {
                throw cursor.malformed("tensor '\(name)' cannot have the shape \(shape) in the type \(type.rawValue)")
            }
            let dataCount = max(0, fileCount - dataStart)
            guard offset <= UInt64(dataCount), byteCount <= dataCount - Int(offset) else {
                throw cursor.malformed(
                    "ends inside tensor '\(name)', which claims \(byteCount) bytes at \(offset) of \(dataCount)")
            }
            guard Int(offset) % alignment == 0 else {
                throw cursor.malformed("tensor '\(name)' lies at \(offset), not at a multiple of \(alignment)")
            }
            let start = dataStart + Int(offset)
            return Tensor(
                description: TensorDescription(name: name, elementType: type, shape: shape), range: start..<start + byteCount)
        }
    }

    private static let elementTypes: [UInt32: ElementType] = [
        0: .float32, 1: .float16, 2: .q4_0, 3: .q4_1, 8: .q8_0, 24: .int8, 25: .int16, 26: .int32, 27: .int64, 28: .float64,
        30: .bfloat16,
    ]
    private static let unreadTypes: [UInt32: String] = [
        6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS",
        17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M",
        34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
}
