/// A tensor's elements in memory, row-major, on their way to a file.
public enum TensorValues: Sendable, Hashable {
    case floats([Float])
    case integers([Int64])
    case bools([Bool])

    public var count: Int {
        switch self {
        case .floats(let values): values.count
        case .integers(let values): values.count
        case .bools(let values): values.count
        }
    }

    /// Appends the elements to `file` as `description` says: floats as F32, F16 or BF16 rounded to nearest even,
    /// integers as I64, I32 or U8, bools as BOOL.
    ///
    /// - Throws: `CheckpointError.wrongCount`; `.valueOutOfRange` where a value does not fit the type.
    func append(to file: AtomicFile, as description: TensorDescription) throws {
        let (name, type) = (description.name, description.elementType)
        func outOfRange(_ value: some CustomStringConvertible) -> CheckpointError {
            .valueOutOfRange(tensor: name, file: file.url.path, value: value.description, type: type.rawValue)
        }
        func narrowed<Stored: FixedWidthInteger>(_ values: [Int64], to _: Stored.Type) throws -> [Stored] {
            try values.map { value in
                guard let stored = Stored(exactly: value) else { throw outOfRange(value) }
                return stored
            }
        }
        guard count == description.count else {
            throw CheckpointError.wrongCount(tensor: name, file: file.url.path, expected: description.count, given: count)
        }
        switch (self, type) {
        case (.floats(let values), .float32):
            try values.withUnsafeBytes { try file.append($0) }
        case (.floats(let values), .float16):
            let halves = try values.map { value in
                let half = Float16(value)
                guard half.isFinite || !value.isFinite else { throw outOfRange(value) }
                return half
            }
            try halves.withUnsafeBytes { try file.append($0) }
        case (.floats(let values), .bfloat16):
            let halves = try values.map { value in
                let half = value.bfloat16Bits
                guard half & 0x7FFF != 0x7F80 || !value.isFinite else { throw outOfRange(value) }
                return half
            }
            try halves.withUnsafeBytes { try file.append($0) }
        case (.integers(let values), .int64):
            try values.withUnsafeBytes { try file.append($0) }
        case (.integers(let values), .int32):
            try narrowed(values, to: Int32.self).withUnsafeBytes { try file.append($0) }
        case (.integers(let values), .uint8):
            try narrowed(values, to: UInt8.self).withUnsafeBytes { try file.append($0) }
        case (.bools(let values), .bool):
            try values.map { $0 ? 1 as UInt8 : 0 }.withUnsafeBytes { try file.append($0) }
        default:
            preconditionFailure("the values given for tensor '\(name)' cannot be stored as \(type.rawValue)")
        }
    }
}

extension Float {
    /// The upper half of the bits, rounded to nearest even; a NaN stays one.
    fileprivate var bfloat16Bits: UInt16 {
        if isNaN { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bitPattern + 0x7FFF + (bitPattern >> 16 & 1)) >> 16)
    }
}
