import Torch

/// A linear layer, to which an adapter may add.
struct Linear {
    /// Its Hugging Face name without `.weight`, as adapters know it.
    let name: String
    /// `[out, in]`
    let weight: Tensor
    /// `[out]`
    let bias: Tensor?

    /// `[N, in] → [N, out]`
    func callAsFunction(_ input: Tensor, _ adapter: LoRAAdapter?, _ dropout: Generator?) -> Tensor {
        let base: Tensor = Operator.linear(input, weight, bias)
        guard let adapter else { return base }
        return adapter.adding(to: base, input: input, module: name, dropout: dropout)
    }
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

    /// - Parameter load: reads one layer's `[out, in]` weight or `[out]` bias.
    init(
        _ parts: [(name: String, outputs: Int)], inputs: Int, hasBias: Bool, dtype: DType, device: Device,
        load: (_ name: String, _ shape: [Int]) throws -> Tensor
    ) throws {
        let outputs = parts.reduce(0) { $0 + $1.outputs }
        let whole = Tensor.empty([outputs, inputs], dtype: dtype, on: device)
        let biases = hasBias ? Tensor.empty([outputs], dtype: dtype, on: device) : nil
        var (start, ranges, linears): (Int, [Range<Int>], [Linear]) = (0, [], [])
        for part in parts {
            let range = start..<start + part.outputs
            let view = whole.slice(range)
            view.assign(try load(part.name + ".weight", [part.outputs, inputs]))
            let bias = biases?.slice(range)
            bias?.assign(try load(part.name + ".bias", [part.outputs]))
            ranges.append(range)
            linears.append(Linear(name: part.name, weight: view, bias: bias))
            start = range.upperBound
        }
        (weight, bias, self.linears, self.ranges) = (whole, biases, linears, ranges)
    }
}
