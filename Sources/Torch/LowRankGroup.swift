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

    /// What a forward pass keeps for the backward pass.
    public struct Activations {
        /// dropped(input) · Aᵀ, part by part. `[N, Σ r]`
        package let low: Tensor
        /// Which values of the input each part's dropout kept, a bit each: `[N, parts · ⌈in / 32⌉]`, int32. Nil without dropout, and where
        /// the backward pass asks again.
        let kept: Tensor?
        /// Whether a backward pass can do with some of the rows: not where dropout is asked again, by a row's place.
        public let areByRow: Bool

        /// - Precondition: `areByRow`
        public func rows(_ places: Tensor) -> Activations {
            precondition(areByRow, "dropout knows these rows by their places")
            return Activations(low: low.rows(places), kept: kept?.rows(places), areByRow: true)
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
    /// - Returns: what `backward` wants.
    public func add(to output: Tensor, input: Tensor) -> Activations {
        guard case .host = RowKernels.place(of: input) else { return addByOperators(to: output, input: input) }
        let activations = activations(input, outputs: output.size(1))
        RowKernels.check("lowRankAdd", output) {
            withExtendedLifetime(activations) {
                withNative { ct_low_rank_add_output(output.handle, activations.low.handle, $0, Int64(input.size(1))) }
            }
        }
        return activations
    }

    /// - Parameters:
    ///   - gradient: with respect to the output, `[N, Σ out]`.
    ///   - inputGradient: is added to where it is given, `[N, in]`.
    /// - Returns: the gradients of each part's matrices.
    public func backward(
        _ gradient: Tensor, input: Tensor, activations: Activations, addingTo inputGradient: Tensor?
    ) -> [Gradients] {
        guard case .host = RowKernels.place(of: input) else {
            precondition(activations.kept == nil, "operators ask for masks again, by rows that these may no longer be")
            return backwardByOperators(gradient, input: input, low: activations.low, addingTo: inputGradient)
        }
        let (lowGradient, gradients) = matrixGradients(gradient, input: input, activations)
        if let inputGradient {
            RowKernels.check("lowRankAdd", inputGradient) {
                withExtendedLifetime((lowGradient, activations)) {
                    withNative {
                        ct_low_rank_add_input_gradient(
                            inputGradient.handle, lowGradient.handle, activations.keptHandle, $0, Int64(gradient.size(1)))
                    }
                }
            }
        }
        return gradients
    }

    /// The layers' own product and what `add` adds to it, in one: `input · weightᵀ`, `[N, in] · [Σ out, in]ᵀ → [N, Σ out]`
    public func product(_ input: Tensor, _ weight: Tensor) -> (output: Tensor, activations: Activations) {
        guard input.isMultipliedByTiles(weight) else {
            let output = input.timesTransposed(weight)
            return (output, add(to: output, input: input))
        }
        let activations = activations(input, outputs: weight.size(0))
        return (withNative { input.productByTiles(weight, .init(group: $0, low: activations.low)) }, activations)
    }

    /// The gradients of the input of `product`, and of each part's matrices.
    public func backwardProduct(
        _ gradient: Tensor, _ weight: Tensor, input: Tensor, activations: Activations
    ) -> (ofInput: Tensor, ofMatrices: [Gradients]) {
        guard gradient.isMultipliedByTiles(weight) else {
            let result = gradient.times(weight)
            return (result, backward(gradient, input: input, activations: activations, addingTo: result))
        }
        let (lowGradient, gradients) = matrixGradients(gradient, input: input, activations)
        let ofInput = withNative {
            gradient.backwardByTiles(weight, .init(group: $0, low: lowGradient, kept: activations.kept))
        }
        return (ofInput, gradients)
    }

    private func activations(_ input: Tensor, outputs: Int) -> Activations {
        var (low, kept) = (ct_tensor(), ct_tensor())
        let input = input.inRows
        RowKernels.check("lowRankActivations", input) {
            withExtendedLifetime(input) { withNative { ct_low_rank_activations(input.handle, $0, Int64(outputs), &low, &kept) } }
        }
        return Activations(low: Tensor(owning: low), kept: dropout.map { _ in Tensor(owning: kept) }, areByRow: true)
    }

    /// The gradient of `low`, and those of each part's matrices.
    private func matrixGradients(
        _ gradient: Tensor, input: Tensor, _ activations: Activations
    ) -> (ofLow: Tensor, ofMatrices: [Gradients]) {
        var (ofA, ofB) = (parts.map { _ in ct_tensor() }, parts.map { _ in ct_tensor() })
        var ofLow = ct_tensor()
        let (gradient, input) = (gradient.inRows, input.inRows)
        RowKernels.check("lowRankGradients", gradient) {
            withExtendedLifetime((gradient, input, activations)) {
                withNative {
                    ct_low_rank_gradients(
                        gradient.handle, input.handle, activations.low.handle, activations.keptHandle, $0, &ofLow, &ofA, &ofB)
                }
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

extension LowRankGroup.Activations {
    fileprivate var keptHandle: ct_tensor { kept?.handle ?? ct_tensor() }
}
