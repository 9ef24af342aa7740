import Torch

/// A group of linear layers that share an input, with what an adapter adds to them: the layer by hand is made of four.
struct GroupAdapter {
    struct Gradients {
        /// With respect to the group's input, `[N, in]`, where it was wanted.
        let input: Tensor?
        /// Of A, then B, module by module.
        let parameters: [Tensor?]
    }

    private let group: LinearGroup
    private let modules: [LoRAAdapter.Module]
    /// Nil where no layer is adapted.
    private let lowRank: LowRankGroup?

    /// - Parameter dtype: of the layer's activations.
    init(_ group: LinearGroup, _ pass: LlamaBlock.Pass, dtype: DType) {
        self.group = group
        let adapted = zip(group.ranges, group.linears).compactMap { columns, linear in
            pass.adapter?.modules[linear.name].map { (columns, linear.name, $0) }
        }
        modules = adapted.map(\.2)
        guard let adapter = pass.adapter, !adapted.isEmpty else {
            lowRank = nil
            return
        }
        let parts = withoutGradient {
            adapted.map { columns, name, module in
                LowRankGroup.Part(
                    a: module.a.detached().converted(to: dtype), b: module.b.detached().converted(to: dtype), columns: columns,
                    stream: adapter.streams[name]!)
            }
        }
        lowRank = LowRankGroup(parts, scale: adapter.scale, dropout: pass.dropout)
    }

    var parameters: [Tensor] { modules.flatMap { [$0.a, $0.b] } }

    /// - Parameter input: `[N, in]`
    /// - Returns: the group's outputs side by side, `[N, Σ out]`, and what `backward` wants of the adapters.
    func forward(_ input: Tensor) -> (output: Tensor, activations: LowRankGroup.Activations?) {
        group.product(input, adding: lowRank)
    }

    /// - Parameter wantsInput: not in the first layer, whose input is the frozen embeddings'.
    func backward(
        _ gradient: Tensor, input: Tensor, activations: LowRankGroup.Activations?, wantsInput: Bool = true
    ) -> Gradients {
        guard let lowRank, let activations else {
            return Gradients(input: wantsInput ? group.backward(gradient) : nil, parameters: [])
        }
        let (ofInput, ofMatrices) = group.backward(
            gradient, through: lowRank, input: input, activations: activations, wantsInput: wantsInput)
        let parameters = zip(modules, ofMatrices).flatMap { module, gradients -> [Tensor?] in
            [gradients.ofA.converted(to: module.a.dtype), gradients.ofB.converted(to: module.b.dtype)]
        }
        return Gradients(input: ofInput, parameters: parameters)
    }
}
