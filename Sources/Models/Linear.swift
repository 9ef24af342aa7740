import Torch

/// A linear layer, to which an adapter may add.
struct Linear {
    /// Its Hugging Face name without `.weight`, as adapters know it.
    let name: String
    /// `[out, in]`, in the type that it is held in; products widen it to their input's.
    let weight: Tensor
    /// `[out]`
    let bias: Tensor?
    /// What the forward pass multiplies by in the weight's place; the backward pass takes the weight itself.
    var int8: Int8Weight?

    /// `[N, in] → [N, out]`
    func callAsFunction(_ input: Tensor, _ adapter: LoRAAdapter?, _ dropout: Dropout?) -> Tensor {
        let base: Tensor = int8.map { product(input, $0) } ?? Operator.linear(input, weight.converted(to: input.dtype), bias)
        guard let adapter else { return base }
        return adapter.adding(to: base, input: input, module: name, dropout: dropout)
    }

    private func product(_ input: Tensor, _ int8: Int8Weight) -> Tensor {
        let output = differentiable([input]) {
            let output = Tensor.empty([input.size(0), weight.size(0)], dtype: input.dtype, on: input.device)
            int8.multiply(Int8Weight.Rows(input.detached()), into: output)
            return ([output], { gradients in [gradients[0]?.timesTransposed(weight.transpose)] })
        }[0]
        return bias.map { output + $0 } ?? output
    }

    /// The layer with its weight in int8 beside it.
    func withInt8() -> Linear { Linear(name: name, weight: weight, bias: bias, int8: Int8Weight(weight)) }
}

/// Linear layers that share an input, their weights one under another in one tensor, so that they share a product.
struct LinearGroup {
    /// `[Σ out, in]`
    let weight: Tensor
    /// `[Σ out]`
    let bias: Tensor?
    /// Views of `weight` and `bias`, in order.
    let linears: [Linear]
    /// The rows of `weight`, and so the columns of the output, that belong to each.
    let ranges: [Range<Int>]

    /// - Throws: what `weights` throws.
    init(
        _ parts: [(name: String, outputs: Int)], inputs: Int, hasBias: Bool, weights: WeightLoader
    ) throws {
        let outputs = parts.reduce(0) { $0 + $1.outputs }
        let whole = weights.place([outputs, inputs], as: weights.layerDType)
        let biases = hasBias ? weights.place([outputs]) : nil
        var (start, ranges, linears): (Int, [Range<Int>], [Linear]) = (0, [], [])
        for part in parts {
            let range = start..<start + part.outputs
            let view = whole.slice(range)
            try weights.read(part.name + ".weight", into: view)
            let bias = biases?.slice(range)
            if let bias { try weights.read(part.name + ".bias", into: bias) }
            ranges.append(range)
            linears.append(Linear(name: part.name, weight: view, bias: bias))
            start = range.upperBound
        }
        (weight, bias, self.linears, self.ranges) = (whole, biases, linears, ranges)
    }

    private init(_ other: LinearGroup, linears: [Linear]) {
        (weight, bias, self.linears, ranges) = (other.weight, other.bias, linears, other.ranges)
    }

    /// The same weights, with their int8 beside them.
    func withInt8() -> LinearGroup { LinearGroup(self, linears: linears.map { $0.withInt8() }) }

    /// The gradient with respect to the input from that of the outputs, unrecorded. `[N, Σ out] → [N, in]`
    func backward(_ gradient: Tensor) -> Tensor {
        gradient.timesTransposed(weight.converted(to: gradient.dtype).transpose)
    }

    /// The layers' outputs side by side, unrecorded. `[N, in] → [N, Σ out]`
    func product(_ input: Tensor) -> Tensor {
        let output: Tensor
        if linears.allSatisfy({ $0.int8 != nil }) {
            output = .empty([input.size(0), weight.size(0)], dtype: input.dtype, on: input.device)
            let rows = Int8Weight.Rows(input)
            for (columns, linear) in zip(ranges, linears) { linear.int8!.multiply(rows, into: output.slice(columns, along: 1)) }
        } else {
            output = input.timesTransposed(weight.converted(to: input.dtype))
        }
        if let bias { output += bias }
        return output
    }
}
