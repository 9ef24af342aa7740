extension Tensor {
    /// `self · otherᵀ`: `[n, k] · [m, k]ᵀ → [n, m]`, unrecorded.
    ///
    /// On the CPU in float32 this is oneDNN's product, which uses the widest vectors of any x86 processor. `aten::mm` goes to
    /// MKL, which falls back to AVX2 on AMD: there it was 2–4 times slower (docs/ExperimentLog.md, 2026-11-23).
    public func timesTransposed(_ other: Tensor) -> Tensor {
        guard device == .cpu, dtype == .float32, Operator.hasOneDNN else { return Operator.linear(self, other) }
        let noScalars: [Int] = []
        return Operator.oneDNNLinear(self, other, nil, "none", noScalars, "")
    }
}

extension Operator {
    fileprivate static let oneDNNLinear = Operator("mkldnn::_linear_pointwise")
    /// Not every build of libtorch has it.
    fileprivate static let hasOneDNN = Operator.exists("mkldnn::_linear_pointwise")
}
