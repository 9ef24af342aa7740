import CTorch

/// What low-rank adapters add to the outputs of layers that share an input, forward and backward, for all of them at once.
/// Unrecorded.
public struct LowRankGroup {
    public struct Part {
        /// `[r, in]`
        let a: Tensor
        /// `[out, r]`
        let b: Tensor
        /// Of its layer in the group's output.
        let columns: Range<Int>
        /// Tells its dropout from that of other parts.
        let stream: Int

        public init(a: Tensor, b: Tensor, columns: Range<Int>, stream: Int) {
            precondition(b.size(0) == columns.count && b.size(1) == a.size(0), "\(b) · \(a) in \(columns.count) columns")
            (self.a, self.b, self.columns, self.stream) = (a, b, columns, stream)
        }
    }

    public typealias Gradients = (ofA: Tensor, ofB: Tensor)

    let parts: [Part]
    let scale: Double
    let dropout: Dropout?

    /// - Parameters:
    ///   - parts: one or more, in one type.
    ///   - scale: α/r.
    public init(_ parts: [Part], scale: Double, dropout: Dropout?) {
        precondition(!parts.isEmpty, "a group without adapters")
        (self.parts, self.scale, self.dropout) = (parts, scale, dropout)
    }

    /// output += scale · dropped(input) · Aᵀ · Bᵀ, in each part's columns. `[N, Σ out]`, `[N, in]`
    ///
    /// - Returns: what `backward` wants, dropped(input) · Aᵀ. `[N, Σ r]`
    public func add(to output: Tensor, input: Tensor) -> Tensor {
        guard case .host = RowKernels.place(of: input) else { return addByOperators(to: output, input: input) }
        var low = ct_tensor()
        RowKernels.check("lowRankForward", input) {
            withNative { parts, dropout in
                ct_low_rank_forward(output.handle, input.handle, parts, Int64(self.parts.count), scale, dropout, &low)
            }
        }
        return Tensor(owning: low)
    }

    /// - Parameters:
    ///   - gradient: with respect to the output, `[N, Σ out]`.
    ///   - inputGradient: is added to where it is given, `[N, in]`.
    /// - Returns: the gradients of each part's matrices.
    public func backward(_ gradient: Tensor, input: Tensor, low: Tensor, addingTo inputGradient: Tensor?) -> [Gradients] {
        guard case .host = RowKernels.place(of: input) else {
            return backwardByOperators(gradient, input: input, low: low, addingTo: inputGradient)
        }
        var (ofA, ofB) = (parts.map { _ in ct_tensor() }, parts.map { _ in ct_tensor() })
        RowKernels.check("lowRankBackward", gradient) {
            withExtendedLifetime(inputGradient) {
                withNative { parts, dropout in
                    ct_low_rank_backward(
                        gradient.handle, input.handle, low.handle, parts, Int64(self.parts.count), scale, dropout,
                        inputGradient?.handle ?? ct_tensor(), &ofA, &ofB)
                }
            }
        }
        return zip(ofA, ofB).map { (Tensor(owning: $0), Tensor(owning: $1)) }
    }

    private func withNative(
        _ body: (UnsafePointer<ct_low_rank_part>, UnsafePointer<ct_dropout>?) -> ct_status
    ) -> ct_status {
        withExtendedLifetime(parts) {
            let native = parts.map {
                ct_low_rank_part(
                    a: $0.a.handle, b: $0.b.handle, column: Int64($0.columns.lowerBound), key: dropout?.stream($0.stream).key ?? 0
                )
            }
            return native.withUnsafeBufferPointer { parts in
                guard var dropout = dropout?.native else { return body(parts.baseAddress!, nil) }
                return body(parts.baseAddress!, &dropout)
            }
        }
    }
}
