import CTorch

// Products of rows with weights, unrecorded.
//
// In host memory, in float32, many rows are multiplied tile by tile (CTorch/TiledProducts.h), few by oneDNN, which like the tiles uses the widest
// vectors of any x86 processor. `aten::mm` goes to MKL, which falls back to AVX2 on AMD: on some it is 2–4 times slower
// (docs/ExperimentLog.md, 2026-11-23 and 2026-11-27).
extension Tensor {
    /// `self · weightᵀ`: `[n, k] · [m, k]ᵀ → [n, m]`
    public func timesTransposed(_ weight: Tensor) -> Tensor {
        isMultipliedByTiles ? productByTiles(weight, nil, nil) : timesTransposedAtOnce(weight)
    }

    /// `self · weight`: `[n, m] · [m, k] → [n, k]`
    public func times(_ weight: Tensor) -> Tensor {
        isMultipliedByTiles ? backwardByTiles(weight, nil, nil) : timesTransposedAtOnce(weight.transpose)
    }

    /// The same by libtorch: for few rows, for other types and devices, and as what the tiles are held against.
    public func timesTransposedAtOnce(_ weight: Tensor) -> Tensor {
        guard device == .cpu, dtype == .float32, Operator.hasOneDNN else { return Operator.linear(self, weight) }
        let noScalars: [Int] = []
        return Operator.oneDNNLinear(self, weight, nil, "none", noScalars, "")
    }

    /// A tile is turned once for all rows: with few, that is most of the work.
    var isMultipliedByTiles: Bool {
        device == .cpu && dtype == .float32 && size(0) >= 32 && Runtime.arithmetic == .kernels && ct_has_block_kernel()
    }

    /// `timesTransposed`, and what adapters add to it from `low`.
    func productByTiles(_ weight: Tensor, _ adapters: UnsafePointer<ct_low_rank_group>?, _ low: Tensor?) -> Tensor {
        byTiles("denseForward", weight, columns: weight.size(0), low) {
            ct_dense_forward($0, $1, weight.handle, adapters, low?.handle ?? ct_tensor())
        }
    }

    /// `times`, and what comes through adapters from the gradient of `low`.
    func backwardByTiles(_ weight: Tensor, _ adapters: UnsafePointer<ct_low_rank_group>?, _ lowGradient: Tensor?) -> Tensor {
        byTiles("denseBackward", weight, columns: weight.size(1), lowGradient) {
            ct_dense_backward($0, $1, weight.handle, adapters, lowGradient?.handle ?? ct_tensor())
        }
    }

    private func byTiles(
        _ name: String, _ weight: Tensor, columns: Int, _ low: Tensor?,
        _ multiply: (_ result: ct_tensor, _ rows: ct_tensor) -> ct_status
    ) -> Tensor {
        let (result, rows) = (Tensor.empty([size(0), columns]), contiguous())
        let status = withExtendedLifetime((weight, low)) {
            OperatorClock.time(name, [rows.shape, weight.shape]) { multiply(result.handle, rows.handle) }
        }
        trapping { try TorchError.check("\(self) by \(weight)", status) }
        return result
    }
}

extension Operator {
    fileprivate static let oneDNNLinear = Operator("mkldnn::_linear_pointwise")
    /// Not every build of libtorch has it.
    fileprivate static let hasOneDNN = Operator.exists("mkldnn::_linear_pointwise")
}
