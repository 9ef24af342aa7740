import Torch

// One decoder layer as one differentiable piece: forward and backward by hand, for frozen base weights, on any device.
//
// Where the base is bfloat16 and the adapter float32, the adapter is rounded once a pass, products accumulate in float32, and its
// gradients are handed on in its own type.
//
// Saved for backward: x, the turned q, k and v, the attention's output and softmax's sums, the residual stream after attention, gate and
// up, each norm's factors, and the adapter's low-rank activations; q and k also before their norms, where they have some. The norms'
// results and the gate's are computed again, which saves a third of the memory.
extension LlamaBlock {
    /// Why `plain` has to run; `nil` where `fused` computes the same.
    func reasonForPlain(cache: Bool, dropout: Bool, length: Int) -> PlainReason? {
        if Runtime.arithmetic == .plain { return .asked }
        if cache { return .cache }
        if dropout { return .dropout }
        if length == 1 { return .singlePosition }
        if inputNorm.weight.requiresGradient || linears[0].weight.requiresGradient { return .trainedBase }
        return inputNorm.hasKernel ? nil : .roundedNorms
    }

    /// `[B·T, D] → [B·T, D]`
    func fused(_ input: Tensor, _ pass: Pass) -> Tensor {
        let adapters = [attentionInput, output, gateUp, down].map { GroupAdapter($0, pass.adapter) }
        let inputs = [input] + adapters.flatMap(\.parameters)
        return differentiable(inputs) {
            let x = input.detached()
            let (normalized, factor) = inputNorm.kernel(x)
            let (qkv, qkvLow) = adapters[0].forward(normalized)
            let heads = headNorms?.normalize(qkv, heads: headCount, keyValueHeads: keyValueHeadCount)
            RowKernels.rotate(rotated(qkv), cosine: pass.rotation.cosine, sine: pass.rotation.sine)
            let (attended, softmax) = RowKernels.attention(
                qkv, heads: headCount, keyValueHeads: keyValueHeadCount, length: pass.length, window: window)
            let (projected, outputLow) = adapters[1].forward(attended)
            let (normalizedAgain, factorAgain) = postAttentionNorm.kernel(projected, adding: x)
            let (gateAndUp, gateUpLow) = adapters[2].forward(normalizedAgain)
            let activated = activation.kernel(gateAndUp)
            let (result, downLow) = adapters[3].forward(activated)
            result += projected

            return (
                [result],
                { gradients in
                    guard let gradient = gradients[0] else { return inputs.map { _ in nil } }
                    let throughDown = adapters[3].backward(gradient, input: activation.kernel(gateAndUp), low: downLow)
                    let throughGate = adapters[2].backward(
                        activation.kernelBackward(throughDown.input!, gateUp: gateAndUp),
                        input: postAttentionNorm.kernel(projected).normalized, low: gateUpLow)
                    let residual = postAttentionNorm.kernelBackward(
                        throughGate.input!, x: projected, factor: factorAgain, adding: gradient)
                    let throughOutput = adapters[1].backward(residual, input: attended, low: outputLow)
                    let qkvGradient = RowKernels.attentionBackward(
                        throughOutput.input!, qkv: qkv, output: attended, normalizer: softmax, heads: headCount,
                        keyValueHeads: keyValueHeadCount, length: pass.length, window: window)
                    RowKernels.rotate(
                        rotated(qkvGradient), cosine: pass.rotation.cosine, sine: pass.rotation.sine, inverse: true)
                    if let heads {
                        headNorms!.backward(qkvGradient, heads, heads: headCount, keyValueHeads: keyValueHeadCount)
                    }
                    let throughInput = adapters[0].backward(
                        qkvGradient, input: inputNorm.kernel(x).normalized, low: qkvLow, wantsInput: input.requiresGradient)
                    let inputGradient = throughInput.input.map {
                        inputNorm.kernelBackward($0, x: x, factor: factor, adding: residual)
                    }
                    return [inputGradient]
                        + [throughInput, throughOutput, throughGate, throughDown].flatMap(\.parameters)
                }
            )
        }[0]
    }

    /// The columns of q and k. `[N, (heads + kv heads) · headSize]`
    private func rotated(_ qkv: Tensor) -> Tensor {
        qkv.slice(0..<(headCount + keyValueHeadCount) * headSize, along: 1)
    }
}

/// What an adapter adds to a group of layers that share an input: one product for all A, one each for the B.
private struct GroupAdapter {
    struct Gradients {
        /// With respect to the group's input, `[N, in]`, where it was wanted.
        let input: Tensor?
        /// Of A, then B, module by module.
        let parameters: [Tensor?]
    }

    private let group: LinearGroup
    private let modules: [(columns: Range<Int>, module: LoRAAdapter.Module)]
    /// Each module's B in the base's type.
    private let b: [Tensor]
    private let rank: Int
    private let scale: Double
    /// `[Σ r, in]`
    private let stackedA: Tensor?

    init(_ group: LinearGroup, _ adapter: LoRAAdapter?) {
        self.group = group
        modules = zip(group.ranges, group.linears).compactMap { range, linear in
            adapter?.modules[linear.name].map { (range, $0) }
        }
        (rank, scale) = (adapter?.options.rank ?? 0, adapter?.scale ?? 0)
        let dtype = group.weight.dtype
        (stackedA, b) = withoutGradient { [modules] in
            (
                modules.isEmpty ? nil : .concatenated(modules.map { $0.module.a.detached() }).converted(to: dtype),
                modules.map { $0.module.b.detached().converted(to: dtype) }
            )
        }
    }

    var parameters: [Tensor] { modules.flatMap { [$0.module.a, $0.module.b] } }

    /// - Parameter input: `[N, in]`
    /// - Returns: the group's outputs side by side, `[N, Σ out]`, and `input · Aᵀ`, `[N, Σ r]`
    func forward(_ input: Tensor) -> (output: Tensor, low: Tensor?) {
        let output = group.product(input)
        guard let stackedA else { return (output, nil) }
        let low = input.timesTransposed(stackedA)
        for (index, (columns, _)) in modules.enumerated() {
            let turned = b[index].transpose.contiguous()  // [r, out]
            turned *= scale
            RowKernels.multiply(part(low, index), turned, into: output.slice(columns, along: 1), adding: true)
        }
        return (output, low)
    }

    /// - Parameter wantsInput: not in the first layer, whose input is the frozen embeddings'.
    func backward(_ gradient: Tensor, input: Tensor, low: Tensor?, wantsInput: Bool = true) -> Gradients {
        let result = wantsInput ? gradient.timesTransposed(group.weight.transpose) : nil
        guard let stackedA, let low else { return Gradients(input: result, parameters: []) }
        let lowGradient = Tensor.empty(low.shape, dtype: low.dtype, on: low.device)
        var gradientsOfB: [Tensor] = []
        for (index, (columns, _)) in modules.enumerated() {
            let outer = gradient.slice(columns, along: 1)
            RowKernels.multiply(outer, b[index], into: part(lowGradient, index))
            let turned = RowKernels.multiplyTransposed(part(low, index), outer)  // [r, out]
            turned *= scale
            gradientsOfB.append(turned.transpose.contiguous())
        }
        lowGradient *= scale
        let gradientsOfA = RowKernels.multiplyTransposed(lowGradient, input)  // [Σ r, in]
        if let result { RowKernels.multiply(lowGradient, stackedA, into: result, adding: true) }
        let parameters = modules.indices.flatMap { index -> [Tensor?] in
            let ofA = gradientsOfA.slice(index * rank..<(index + 1) * rank)
            return [ofA, gradientsOfB[index]].map { $0.converted(to: modules[index].module.a.dtype) }
        }
        return Gradients(input: result, parameters: parameters)
    }

    /// One module's columns of `[N, Σ r]`.
    private func part(_ low: Tensor, _ index: Int) -> Tensor { low.slice(index * rank..<(index + 1) * rank, along: 1) }
}
