import Torch

/// A linear layer, to which an adapter may add.
struct Linear {
    /// Its Hugging Face name without `.weight`, as adapters know it.
    let name: String
    let weight: LayerWeight
    /// `[out]`
    let bias: Tensor?
    /// What the forward pass multiplies by in the weight's place; the backward pass takes the weight itself.
    var int8: Int8Weight?

    /// `[N, in] → [N, out]`
    func callAsFunction(_ input: Tensor, _ adapter: LoRAAdapter?, _ dropout: Dropout?) -> Tensor {
        let base = product(input)
        guard let adapter else { return base }
        return adapter.adding(to: base, input: input, module: name, dropout: dropout)
    }

    private func product(_ input: Tensor) -> Tensor {
        switch weight {
        case .tensor(let weight):
            guard let int8 else { return Operator.linear(input, weight.converted(to: input.dtype), bias) }
            return addingBias(
                differentiable([input]) {
                    let output = Tensor.empty([input.size(0), weight.size(0)], dtype: input.dtype, on: input.device)
                    int8.multiply(Int8Weight.Rows(input.detached()), into: output)
                    return ([output], { gradients in [gradients[0]?.times(weight)] })
                }[0])
        case .packed(let weight):
            let group = PackedGroup([weight])
            return addingBias(
                differentiable([input]) {
                    (
                        [group.product(input.detached().contiguous())],
                        { gradients in [gradients[0].map { group.backward($0.contiguous()) }] }
                    )
                }[0])
        }
    }

    private func addingBias(_ output: Tensor) -> Tensor { bias.map { output + $0 } ?? output }

    /// The layer with its weight in int8 beside it, where that is a tensor.
    func withInt8() -> Linear { Linear(name: name, weight: weight, bias: bias, int8: weight.tensor.map(Int8Weight.init)) }
}

/// Linear layers that share an input, so that they share a product.
struct LinearGroup {
    /// `[Σ out, in]`, the layers' one under another.
    private enum Weight {
        case tensor(Tensor)
        case packed(PackedGroup)
    }

    private let weight: Weight
    /// `[Σ out]`
    private let bias: Tensor?
    /// Their weights and biases are views of the group's, in order.
    let linears: [Linear]
    /// The columns of the output that belong to each.
    let ranges: [Range<Int>]

    /// - Throws: what `weights` throws.
    init(
        _ parts: [(name: String, outputs: Int)], inputs: Int, hasBias: Bool, weights: WeightLoader
    ) throws {
        let outputs = parts.reduce(0) { $0 + $1.outputs }
        var start = 0
        ranges = parts.map { part in
            defer { start += part.outputs }
            return start..<start + part.outputs
        }
        let held: [LayerWeight]
        if let packed = try weights.packed(parts, inputs: inputs) {
            weight = .packed(PackedGroup(packed))
            held = packed.map(LayerWeight.packed)
        } else {
            let whole = weights.place([outputs, inputs], as: weights.layerDType)
            weight = .tensor(whole)
            held = try zip(parts, ranges).map { part, range in
                let view = whole.slice(range)
                try weights.read(part.name + ".weight", into: view)
                return .tensor(view)
            }
        }
        let biases = hasBias ? weights.place([outputs]) : nil
        bias = biases
        linears = try zip(zip(parts, ranges), held).map { part, weight in
            let bias = biases?.slice(part.1)
            if let bias { try weights.read(part.0.name + ".bias", into: bias) }
            return Linear(name: part.0.name, weight: weight, bias: bias)
        }
    }

    private init(_ other: LinearGroup, linears: [Linear]) {
        (weight, bias, self.linears, ranges) = (other.weight, other.bias, linears, other.ranges)
    }

    /// The same weights, with their int8 beside them.
    func withInt8() -> LinearGroup { LinearGroup(self, linears: linears.map { $0.withInt8() }) }

    /// The gradient with respect to the input from that of the outputs, unrecorded. `[N, Σ out] → [N, in]`
    func backward(_ gradient: Tensor) -> Tensor {
        switch weight {
        case .tensor(let weight): gradient.times(weight)
        case .packed(let group): group.backward(gradient)
        }
    }

    /// The same with what comes through adapters, and the gradients of their matrices.
    func backward(
        _ gradient: Tensor, through adapters: LowRankGroup, input: Tensor, activations: LowRankGroup.Activations, wantsInput: Bool
    ) -> (ofInput: Tensor?, ofMatrices: [LowRankGroup.Gradients]) {
        if wantsInput, case .tensor(let weight) = weight {
            return adapters.backwardProduct(gradient, weight, input: input, activations: activations)
        }
        let result = wantsInput ? backward(gradient) : nil
        return (result, adapters.backward(gradient, input: input, activations: activations, addingTo: result))
    }

    /// The layers' outputs side by side, unrecorded, `[N, in] → [N, Σ out]`, and what the adapters' backward pass wants.
    func product(_ input: Tensor, adding adapters: LowRankGroup?) -> (output: Tensor, activations: LowRankGroup.Activations?) {
        let output: Tensor
        var activations: LowRankGroup.Activations?
        switch (weight, adapters) {
        case (.packed(let group), _):
            output = group.product(input)
        case (.tensor(let weight), _) where linears.allSatisfy { $0.int8 != nil }:
            output = .empty([input.size(0), weight.size(0)], dtype: input.dtype, on: input.device)
            let rows = Int8Weight.Rows(input)
            for (columns, linear) in zip(ranges, linears) { linear.int8!.multiply(rows, into: output.slice(columns, along: 1)) }
        case (.tensor(let weight), let adapters?):
            (output, activations) = adapters.product(input, weight)
        case (.tensor(let weight), nil):
            output = input.timesTransposed(weight)
        }
        if activations == nil { activations = adapters?.add(to: output, input: input) }
        if let bias { output += bias }
        return (output, activations)
    }
}
