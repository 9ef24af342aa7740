/// A metadata value of a GGUF file. The file's ten number types are widened to three.
public enum GGUFValue: Sendable, Hashable {
    case integer(Int64)
    case float(Double)
    case bool(Bool)
    case string(String)
    case integers([Int64])
    case floats([Double])
    case bools([Bool])
    case strings([String])
    case arrays([GGUFValue])

    /// How GGUF numbers the types of its metadata.
    enum StoredType: UInt32 {
        case uint8 = 0, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

        /// The fewest bytes that one value takes: what bounds an array's claimed count.
        var minimumByteCount: Int {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64, .string: 8
            case .array: 12
            }
        }
    }
}
