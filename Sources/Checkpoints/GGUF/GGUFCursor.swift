/// Reads a GGUF file's little-endian records one after another, never past the end.
///
/// Every count is compared with the bytes that are left before anything is allocated for it.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    /// Path of the file, for errors.
    let file: String
    private(set) var offset = 0

    /// Elements of an array: merges are the longest, of which no vocabulary has a million.
    static let longestArray = 1 << 22

    private var remaining: Int { bytes.count - offset }

    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        (self.bytes, self.file) = (bytes, file)
    }

    func malformed(_ problem: String) -> CheckpointError { .malformed(file: file, problem: problem) }

    /// The next number; `what` names it in an error.
    mutating func number<Number: BitwiseCopyable>(_: Number.Type, _ what: @autoclosure () -> String) throws -> Number {
        let size = MemoryLayout<Number>.size
        guard size <= remaining else { throw malformed("ends inside \(what()), at byte \(offset)") }
        defer { offset += size }
        return bytes.loadUnaligned(fromByteOffset: offset, as: Number.self)
    }

    /// The next 64-bit count of things that take at least `size` bytes each.
    mutating func count(ofSize size: Int, _ what: @autoclosure () -> String) throws -> Int {
        let count = try number(UInt64.self, what())
        guard count <= UInt64(remaining / size) else {
            throw malformed("claims \(count) for \(what()), but ends \(remaining) bytes further")
        }
        return Int(count)
    }

    mutating func string(_ what: @autoclosure () -> String) throws -> String {
        let count = try count(ofSize: 1, "the length of \(what())")
        defer { offset += count }
        guard let string = String(validating: bytes[offset..<offset + count], as: UTF8.self) else {
            throw malformed("\(what()) is not UTF-8, at byte \(offset)")
        }
        return string
    }

    /// The next value with the type that stands before it; `key` names it in an error.
    mutating func value(of key: String) throws -> GGUFValue {
        try value(type: storedType(of: key), of: key, depth: 0)
    }

    private mutating func storedType(of key: String) throws -> GGUFValue.StoredType {
        let raw = try number(UInt32.self, "the type of '\(key)'")
        guard let type = GGUFValue.StoredType(rawValue: raw) else { throw malformed("'\(key)' has the unknown type \(raw)") }
        return type
    }

    private mutating func value(type: GGUFValue.StoredType, of key: String, depth: Int) throws -> GGUFValue {
        switch type {
        case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: .integer(try integer(type, of: key))
        case .float32, .float64: .float(try float(type, of: key))
        case .bool: .bool(try bool(of: key))
        case .string: .string(try string("'\(key)'"))
        case .array: try array(of: key, depth: depth)
        }
    }

    private mutating func array(of key: String, depth: Int) throws -> GGUFValue {
        // Nested arrays cost the stack: no known writer nests even once.
        guard depth < 4 else { throw malformed("'\(key)' nests arrays too deeply") }
        let type = try storedType(of: key)
        let count = try count(ofSize: type.minimumByteCount, "the count of '\(key)'")
        // Its elements are widened: a file of bytes would take eight times its size.
        guard count <= Self.longestArray else {
            throw malformed("'\(key)' is an array of \(count), of at most \(Self.longestArray)")
        }
        return switch type {
        case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64:
            .integers(try elements(count) { try $0.integer(type, of: key) })
        case .float32, .float64: .floats(try elements(count) { try $0.float(type, of: key) })
        case .bool: .bools(try elements(count) { try $0.bool(of: key) })
        case .string: .strings(try elements(count) { try $0.string("'\(key)'") })
        case .array: .arrays(try elements(count) { try $0.array(of: key, depth: depth + 1) })
        }
    }

    private mutating func elements<Element>(
        _ count: Int, _ next: (inout GGUFCursor) throws -> Element
    ) throws -> [Element] {
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try next(&self)) }
        return elements
    }

    private mutating func integer(_ type: GGUFValue.StoredType, of key: String) throws -> Int64 {
        switch type {
        case .uint8: return Int64(try number(UInt8.self, "'\(key)'"))
        case .int8: return Int64(try number(Int8.self, "'\(key)'"))
        case .uint16: return Int64(try number(UInt16.self, "'\(key)'"))
        case .int16: return Int64(try number(Int16.self, "'\(key)'"))
        case .uint32: return Int64(try number(UInt32.self, "'\(key)'"))
        case .int32: return Int64(try number(Int32.self, "'\(key)'"))
        case .int64: return try number(Int64.self, "'\(key)'")
        case .uint64:
            let value = try number(UInt64.self, "'\(key)'")
            guard let integer = Int64(exactly: value) else { throw malformed("'\(key)' is \(value), past 2⁶³") }
            return integer
        case .float32, .float64, .bool, .string, .array: preconditionFailure("\(type) is not an integer type")
        }
    }

    private mutating func float(_ type: GGUFValue.StoredType, of key: String) throws -> Double {
        guard type == .float32 else { return try number(Double.self, "'\(key)'") }
        // The shortest decimal, so that an epsilon stored as float32 reads 1e-05 and not 9.999999747378752e-06.
        let value = try number(Float.self, "'\(key)'")
        return Double(value.description) ?? Double(value)
    }

    private mutating func bool(of key: String) throws -> Bool {
        let value = try number(UInt8.self, "'\(key)'")
        guard value <= 1 else { throw malformed("'\(key)' is the bool \(value)") }
        return value == 1
    }
}
