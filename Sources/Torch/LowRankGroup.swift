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
        let low = activations(input, outputs: output.size(1))
        RowKernels.check("lowRankAdd", output) {
            withExtendedLifetime(low) {
                withNative { ct_low_rank_add_output(output.handle, low.handle, $0, Int64(input.size(1))) }
            }
        }
        return low
    }

    /// - Parameters:
    ///   - gradient: with respect to the output, `[N, Σ out]`.
    ///   - inputGradient: is added to where it is given, `[N, in]`.
    /// - Returns: the gradients of each part's matrices.
    public func backward(_ gradient: Tensor, input: Tensor, low: Tensor, addingTo inputGradient: Tensor?) -> [Gradients] {
        guard case .host = RowKernels.place(of: input) else {
            return backwardByOperators(gradient, input: input, low: low, addingTo: inputGradient)
        }
        let (lowGradient, gradients) = matrixGradients(gradient, input: input, low: low)
        if let inputGradient {
            RowKernels.check("lowRankAdd", inputGradient) {
                withExtendedLifetime(lowGradient) {
                    withNative {
                        ct_low_rank_add_input_gradient(inputGradient.handle, lowGradient.handle, $0, Int64(gradient.size(1)))
                    }
                }
            }
        }
        return gradients
    }

    /// The layers' own product and what `add` adds to it, in one: `input · weightᵀ`, `[N, in] · [Σ out, in]ᵀ → [N, Σ out]`
    public func product(_ input: Tensor, _ weight: Tensor) -> (output: Tensor, low: Tensor) {
        guard input.isMultipliedByTiles(weight) else {
            let output = input.timesTransposed(weight)
            return (output, add(to: output, input: input))
        }
        let low = activations(input, outputs: weight.size(0))
        return (withNative { input.productByTiles(weight, $0, low) }, low)
    }

    /// The gradients of the input of `product`, and of each part's matrices.
    public func backwardProduct(
        _ gradient: Tensor, _ weight: Tensor, input: Tensor, low: Tensor
    ) -> (ofInput: Tensor, ofMatrices: [Gradients]) {
        guard gradient.isMultipliedByTiles(weight) else {
            let result = gradient.times(weight)
            return (result, backward(gradient, input: input, low: low, addingTo: result))
        }
        let (lowGradient, gradients) = matrixGradients(gradient, input: input, low: low)
        return (withNative { gradient.backwardByTiles(weight, $0, lowGradient) }, gradients)
    }

    /// dropped(input) · Aᵀ, part by part. `[N, Σ r]`
    private func activations(_ input: Tensor, outputs: Int) -> Tensor {
        var low = ct_tensor()
        let input = input.inRows
        RowKernels.check("lowRankActivations", input) {
            withExtendedLifetime(input) { withNative { ct_low_rank_activations(input.handle, $0, Int64(outputs), &low) } }
        }
        return Tensor(owning: low)
    }

    /// The gradient of `low`, and those of each part's matrices.
    private func matrixGradients(_ gradient: Tensor, input: Tensor, low: Tensor) -> (ofLow: Tensor, ofMatrices: [Gradients]) {
        var (ofA, ofB) = (parts.map { _ in ct_tensor() }, parts.map { _ in ct_tensor() })
        var ofLow = ct_tensor()
        let (gradient, input) = (gradient.inRows, input.inRows)
        RowKernels.check("lowRankGradients", gradient) {
            withExtendedLifetime((gradient, input)) {
                withNative { ct_low_rank_gradients(gradient.handle, input.handle, low.handle, $0, &ofLow, &ofA, &ofB) }
            }
        }
        return (Tensor(owning: ofLow), zip(ofA, ofB).map { (Tensor(owning: $0), Tensor(owning: $1)) })
    }

    private func withNative<Result>(_ body: (UnsafePointer<ct_low_rank_group>) -> Result) -> Result {
        withExtendedLifetime(parts) {
            let native = parts.map {
                ct_low_rank_part(
                    a: $0.a.handle, b: $0.b.handle, column: Int64($0.columns.lowerBound), key: dropout?.stream($0.stream).key ?? 0
                )
            }
            return native.withUnsafeBufferPointer { parts in
                func call(_ dropout: UnsafePointer<ct_dropout>?) -> Result {
                    var group = ct_low_rank_group(
                        parts: parts.baseAddress!, count: Int64(parts.count), scale: scale, dropout: dropout)
                    return body(&group)
                }
                guard var dropout = dropout?.native else { return call(nil) }
                return withUnsafePointer(to: &dropout) { call($0) }
            }
        }
    }
}
