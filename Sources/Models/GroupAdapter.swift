import Torch

/// A group of linear layers that share an input, with what an adapter adds to them: the layer by hand is made of four.
struct GroupAdapter {
    struct Gradients {
        /// With respect to the group's input, `[N, in]`, where it was wanted.
        let input: Tensor?
        /// Of A, then B, module by module, in the layer's type.
        let parameters: [Tensor]
    }

    private let group: LinearGroup
    /// Nil where no layer is adapted.
    private let lowRank: LowRankGroup?

    /// - Parameter rounded: the adapter's matrices in the type of the layer's activations.
    init(_ group: LinearGroup, _ pass: LlamaBlock.Pass, _ rounded: RoundedModules) {
        self.group = group
        let parts = zip(group.ranges, group.linears).compactMap { columns, linear in
            rounded.modules[linear.name].map { module in
                LowRankGroup.Part(
                    a: module.a, b: module.b, columns: columns, stream: pass.adapter!.streams[linear.name]!)
            }
        }
        lowRank = parts.isEmpty ? nil : LowRankGroup(parts, scale: pass.adapter!.scale, dropout: pass.dropout)
    }

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
        return Gradients(input: ofInput, parameters: ofMatrices.flatMap { [$0.ofA, $0.ofB] })
    }
}
