import CTorch

/// A frozen weight in int8, for products that needn't be exact: a quarter of the memory of float32.
///
/// Of every 64 inputs each output has a scale, its largest weight over 127. So has each row of an input, taken when it comes: an
/// outlier spoils its own group alone, whose sums are exact. Host memory, unrecorded.
public struct Int8Weight {
    /// Whether this processor multiplies bytes: x86 with AVX-512 VNNI.
    public static var isSupported: Bool { ct_has_int8_products() }

    private let packed: Tensor

    /// - Parameter weight: `[out, in]`, float32.
    public init(_ weight: Tensor) {
        var packed = ct_tensor()
        trapping { try TorchError.check("int8 of \(weight)", ct_int8_weight(weight.handle, &packed)) }
        self.packed = Tensor(owning: packed)
    }

    /// Rows in int8, for all weights that share them as their input.
    public struct Rows {
        fileprivate let bytes: Tensor

        /// - Parameter input: `[N, in]`, float32.
        public init(_ input: Tensor) {
            var bytes = ct_tensor()
            let status = OperatorClock.time("int8Rows", [input.shape]) { ct_int8_rows(input.handle, &bytes) }
            trapping { try TorchError.check("int8 of \(input)", status) }
            self.bytes = Tensor(owning: bytes)
        }
    }

    /// `result = rows · weightᵀ`, `[N, out]`; `result` may be a slice of columns.
    public func multiply(_ rows: Rows, into result: Tensor) {
        let status = withExtendedLifetime((rows, self)) {
            OperatorClock.time("int8Multiply", [result.shape]) {
                ct_int8_multiply(result.handle, rows.bytes.handle, packed.handle)
            }
        }
        trapping { try TorchError.check("an int8 product into \(result)", status) }
    }
}
