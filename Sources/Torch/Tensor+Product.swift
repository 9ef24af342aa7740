import CTorch

// Products of rows with weights, unrecorded, in the rows' type: a weight in another one is widened, by tiles a tile at a time.
//
// In host memory, in float32, many rows are multiplied tile by tile (CTorch/TiledProducts.h), few by oneDNN; both use the widest vectors
// of any x86 processor. `aten::mm` goes to MKL, which falls back to AVX2 on AMD: on some it is 2–4 times slower
// (docs/ExperimentLog.md, 2026-11-23 and 2026-11-27). Whether there are many rows changes the last digits of a sum.
extension Tensor {
    /// `self · weightᵀ`: `[n, k] · [m, k]ᵀ → [n, m]`
    public func timesTransposed(_ weight: Tensor) -> Tensor {
        isMultipliedByTiles(weight) ? productByTiles(weight, nil) : timesTransposedAtOnce(weight)
    }

    /// `self · weight`: `[n, m] · [m, k] → [n, k]`
    public func times(_ weight: Tensor) -> Tensor {
        isMultipliedByTiles(weight) ? backwardByTiles(weight, nil) : timesTransposedAtOnce(weight.transpose)
    }

    /// The same by libtorch: for few rows, for other types and devices, and as what the tiles are held against.
    public func timesTransposedAtOnce(_ weight: Tensor) -> Tensor {
        let weight = weight.converted(to: dtype)
        guard device == .cpu, dtype == .float32, Operator.hasOneDNN else { return Operator.linear(self, weight) }
        let noScalars: [Int] = []
        return Operator.oneDNNLinear(self, weight, nil, "none", noScalars, "")
    }

    /// With few rows, bringing a tile near, and turning it, is most of the work.
    func isMultipliedByTiles(_ weight: Tensor) -> Bool {
        device == .cpu && dtype == .float32 && size(0) >= 32 && weight.device == .cpu && !weight.isEmpty && weight.liesInRows
            && [.float32, .bfloat16].contains(weight.dtype) && Runtime.arithmetic == .kernels && Self.hasTiledProducts
    }

    package static var hasTiledProducts: Bool { ct_has_block_kernel() }

    private var isEmpty: Bool { size(0) == 0 || size(1) == 0 }

    /// Whether the values of a row lie one after another, rows at any distance.
    private var liesInRows: Bool {
        (ct_tensor_stride(handle, 1) == 1 || size(1) == 1) && (ct_tensor_stride(handle, 0) >= size(1) || size(0) == 1)
    }

    /// What kernels read row by row.
    var inRows: Tensor { liesInRows ? self : contiguous() }

    /// `timesTransposed`, and what adapters add to it.
    func productByTiles(_ weight: Tensor, _ adapters: TileAdapters?) -> Tensor {
        byTiles("denseForward", weight, columns: weight.size(0), adapters) { ct_dense_forward($0, $1, weight.handle, $2, $3) }
    }

    /// `times`, and what comes through adapters.
    func backwardByTiles(_ weight: Tensor, _ adapters: TileAdapters?) -> Tensor {
        byTiles("denseBackward", weight, columns: weight.size(1), adapters) {
            ct_dense_backward($0, $1, weight.handle, $2, $3, adapters?.kept?.handle ?? ct_tensor())
        }
    }

    private func byTiles(
        _ name: String, _ weight: Tensor, columns: Int, _ adapters: TileAdapters?,
        _ multiply: (
            _ result: ct_tensor, _ rows: ct_tensor, _ group: UnsafePointer<ct_low_rank_group>?, _ low: ct_tensor
        ) -> ct_status
    ) -> Tensor {
        let (result, rows) = (Tensor.empty([size(0), columns]), inRows)
        let status = withExtendedLifetime((rows, weight, adapters)) {
            OperatorClock.time(name, [rows.shape, weight.shape]) {
                multiply(result.handle, rows.handle, adapters?.group, adapters?.low.handle ?? ct_tensor())
            }
        }
        trapping { try TorchError.check("\(self) by \(weight)", status) }
        return result
    }
}

/// What adapters add to the tiles of a product. Not to outlive the call that `group` was made for.
struct TileAdapters {
    let group: UnsafePointer<ct_low_rank_group>
    /// The low-rank activations or their gradient, `[N, Σ r]`.
    let low: Tensor
    /// What dropout kept, for the backward pass.
    var kept: Tensor?
}

extension Operator {
    fileprivate static let oneDNNLinear = Operator("mkldnn::_linear_pointwise")
    /// Not every build of libtorch has it.
    fileprivate static let hasOneDNN = Operator.exists("mkldnn::_linear_pointwise")
}
