/// The numeric types that model files store.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case float64 = "F64", float32 = "F32", float16 = "F16", bfloat16 = "BF16"
    case int64 = "I64", int32 = "I32", int16 = "I16", int8 = "I8", uint8 = "U8", bool = "BOOL"
    /// GGUF's blocks of 32 weights: 8 bits with a scale, 4 bits with a scale, 4 bits with a scale and a minimum.
    case q8_0 = "Q8_0", q4_0 = "Q4_0", q4_1 = "Q4_1"

    /// Elements stored together: one, or the 32 of a quantized block.
    public var blockLength: Int {
        switch self {
        case .q8_0, .q4_0, .q4_1: 32
        default: 1
        }
    }

    /// Bytes that a block takes.
    public var blockByteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        case .q8_0: 2 + 32
        case .q4_0: 2 + 16
        case .q4_1: 2 + 2 + 16
        }
    }

    /// Bytes of a tensor of `shape`, or `nil` where the product overflows, a size is negative, or a row is not whole blocks.
    func byteCount(ofShape shape: [Int]) -> Int? {
        guard shape.allSatisfy({ $0 >= 0 }), (shape.last ?? 1) % blockLength == 0 || blockLength == 1 else { return nil }
        var blocks = 1
        for (axis, size) in shape.enumerated() {
            let (product, overflow) = blocks.multipliedReportingOverflow(by: axis == shape.count - 1 ? size / blockLength : size)
            if overflow { return nil }
            blocks = product
        }
        let (bytes, bytesOverflow) = blocks.multipliedReportingOverflow(by: blockByteCount)
        // The element count must fit too: it may exceed the byte count of 4-bit blocks.
        let elementsOverflow = blocks.multipliedReportingOverflow(by: blockLength).overflow
        return bytesOverflow || elementsOverflow ? nil : bytes
    }
}
