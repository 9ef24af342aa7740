import CTorch

/// A frozen weight in 4 to 16 bits an input, which products widen a tile at a time: it is never in memory as floats.
///
/// In host memory. Products are exact in the sense of float32: they are those of the widened weight, summed in another order.
public struct PackedWeight {
    /// How a row is laid out; `CTorch/Packings.cpp` says it to the byte.
    public enum Format: Sendable, CaseIterable {
        case float32, bfloat16, float16
        /// GGUF's blocks of 32 inputs: 8 bits and a scale, 4 bits and a scale, 4 bits with a scale and a minimum.
        case q8_0, q4_0, q4_1
        /// 8 bits, and a scale for the whole row.
        case int8PerRow
        /// QLoRA's NormalFloat: 4 bits, and the largest magnitude of 64 inputs.
        case nf4

        fileprivate var native: ct_packing {
            switch self {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            case .q8_0: .q8_0
            case .q4_0: .q4_0
            case .q4_1: .q4_1
            case .int8PerRow: .int8_rows
            case .nf4: .nf4
            }
        }
    }

    public let format: Format
    /// Columns of the weight.
    public let inputs: Int
    /// `[out, bytes of a row]`
    private let bytes: Tensor

    public var shape: [Int] { [bytes.size(0), inputs] }
    /// What it takes in memory.
    public var byteCount: Int { bytes.count }

    /// - Parameter write: fills the memory with rows that are packed already, one after another.
    public init(_ format: Format, shape: [Int], write: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        self.init(empty: shape, format)
        try bytes.withMutableBytes(write)
    }

    /// Packs `values`, `[out, in]` float32: as `float32`, `int8PerRow` or `nf4`. What isn't finite makes the inputs beside it NaN.
    public init(_ values: Tensor, as format: Format) {
        self.init(empty: values.shape, format)
        let status = ct_packed_from(format.native, values.handle, bytes.handle)
        trapping { try TorchError.check("packing \(values)", status) }
    }

    private init(empty shape: [Int], _ format: Format) {
        precondition(shape.count == 2, "a packed weight of shape \(shape)")
        var width: Int64 = 0
        trapping { try TorchError.check("packing \(shape)", ct_packed_row_bytes(format.native, Int64(shape[1]), &width)) }
        (self.format, inputs) = (format, shape[1])
        bytes = .empty([shape[0], Int(width)], dtype: .uint8)
    }

    /// The weight widened, a copy. `[out, in]`, float32
    public func values() -> Tensor {
        let result = Tensor.empty(shape)
        let status = withExtendedLifetime(bytes) { ct_packed_values(native, result.handle) }
        trapping { try TorchError.check("widening \(shape)", status) }
        return result
    }

    fileprivate var native: ct_packed_part { ct_packed_part(bytes: bytes.handle, kind: format.native) }
    fileprivate var outputs: Int { bytes.size(0) }
}

/// Packed weights that share an input, as one. Unrecorded.
public struct PackedGroup {
    public let weights: [PackedWeight]

    public init(_ weights: [PackedWeight]) {
        precondition(!weights.isEmpty && weights.allSatisfy { $0.inputs == weights[0].inputs }, "weights that share no input")
        self.weights = weights
    }

    /// `input · wᵀ`, the weights' outputs side by side. `[N, in] → [N, Σ out]`
    public func product(_ input: Tensor) -> Tensor {
        let result = Tensor.empty([input.size(0), weights.reduce(0) { $0 + $1.outputs }], dtype: input.dtype)
        call("packedForward", input, into: result) { ct_packed_forward(result.handle, input.handle, $0, Int64(weights.count)) }
        return result
    }

    /// `gradient · w`, summed over the weights. `[N, Σ out] → [N, in]`
    public func backward(_ gradient: Tensor) -> Tensor {
        let result = Tensor.empty([gradient.size(0), weights[0].inputs], dtype: gradient.dtype)
        call("packedBackward", gradient, into: result) {
            ct_packed_backward(result.handle, gradient.handle, $0, Int64(weights.count))
        }
        return result
    }

    private func call(
        _ name: String, _ rows: Tensor, into result: Tensor, _ body: (UnsafePointer<ct_packed_part>) -> ct_status
    ) {
        let status = withExtendedLifetime((weights, rows, result)) {
            OperatorClock.time(name, [rows.shape, result.shape]) {
                weights.map(\.native).withUnsafeBufferPointer { body($0.baseAddress!) }
            }
        }
        trapping { try TorchError.check("\(name) of \(rows)", status) }
    }
}
