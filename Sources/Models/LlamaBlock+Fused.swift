import Torch

// One decoder layer as one differentiable piece: forward and backward by hand, for frozen base weights, on any device.
//
// Where the base is bfloat16 and the adapter float32, the adapter is rounded once a pass, products accumulate in float32, and its
// gradients are handed on in its own type.
//
// Saved for backward: x, the turned q, k and v, the attention's output and softmax's sums, the residual stream after attention, gate and
// up, each norm's factors, the adapter's low-rank activations and, a bit each, which of its inputs dropout kept; q and k also before
// their norms, where they have some. The norms' results and the gate's are computed again, which saves a third of the memory.
extension LlamaBlock {
    /// Why `plain` has to run; `nil` where `fused` computes the same.
    func reasonForPlain(cache: Bool, length: Int) -> PlainReason? {
        if Runtime.arithmetic == .plain { return .asked }
        if cache { return .cache }
        if length == 1 { return .singlePosition }
        if inputNorm.weight.requiresGradient || linears[0].weight.tensor?.requiresGradient == true { return .trainedBase }
        return inputNorm.hasKernel ? nil : .roundedNorms
    }

    /// `[B·T, D] → [B·T, D]`
    func fused(_ input: Tensor, _ pass: Pass) -> Tensor {
        let rounded = RoundedModules(pass.adapter, linears, as: input.dtype)
        let adapters = [attentionInput, output, gateUp, down].map { GroupAdapter($0, pass, rounded) }
        let inputs = [input] + rounded.parameters
        return differentiable(inputs) {
            let x = input.detached()
            let (normalized, factor) = inputNorm.kernel(x)
            let (qkv, qkvActivations) = adapters[0].forward(normalized)
            let heads = headNorms?.normalize(qkv, heads: headCount, keyValueHeads: keyValueHeadCount)
            RowKernels.rotate(rotated(qkv), cosine: pass.rotation.cosine, sine: pass.rotation.sine)
            let (attended, softmax) = RowKernels.attention(
                qkv, heads: headCount, keyValueHeads: keyValueHeadCount, length: pass.length, window: window)
            let (projected, outputActivations) = adapters[1].forward(attended)
            let (normalizedAgain, factorAgain) = postAttentionNorm.kernel(projected, adding: x)
            let (gateAndUp, gateUpActivations) = adapters[2].forward(normalizedAgain)
            let activated = activation.kernel(gateAndUp)
            let (result, downActivations) = adapters[3].forward(activated)
            result += projected

            return (
                [result],
                { gradients in
                    guard let gradient = gradients[0] else { return inputs.map { _ in nil } }
                    let rows = carryingRows(pass, [outputActivations, gateUpActivations, downActivations])
                    let gateAndUp = rows.taken(from: gateAndUp)
                    let throughDown = adapters[3].backward(
                        rows.taken(from: gradient), input: activation.kernel(gateAndUp),
                        activations: downActivations.map(rows.taken))
                    let carried = rows.taken(from: projected)
                    let throughGate = adapters[2].backward(
                        activation.kernelBackward(throughDown.input!, gateUp: gateAndUp),
                        input: postAttentionNorm.kernel(carried).normalized, activations: gateUpActivations.map(rows.taken))
                    let carriedResidual = postAttentionNorm.kernelBackward(
                        throughGate.input!, x: carried, factor: rows.taken(from: factorAgain), adding: rows.taken(from: gradient))
                    let throughOutput = adapters[1].backward(
                        carriedResidual, input: rows.taken(from: attended), activations: outputActivations.map(rows.taken))
                    let residual = rows.put(carriedResidual, amongRows: x.size(0))
                    let qkvGradient = RowKernels.attentionBackward(
                        rows.put(throughOutput.input!, amongRows: x.size(0)), qkv: qkv, output: attended, normalizer: softmax,
                        heads: headCount,
                        keyValueHeads: keyValueHeadCount, length: pass.length, window: window)
                    RowKernels.rotate(
                        rotated(qkvGradient), cosine: pass.rotation.cosine, sine: pass.rotation.sine, inverse: true)
                    if let heads {
                        headNorms!.backward(qkvGradient, heads, heads: headCount, keyValueHeads: keyValueHeadCount)
                    }
                    let throughInput = adapters[0].backward(
                        qkvGradient, input: inputNorm.kernel(x).normalized, activations: qkvActivations,
                        wantsInput: input.requiresGradient)
                    let inputGradient = throughInput.input.map {
                        inputNorm.kernelBackward($0, x: x, factor: factor, adding: residual)
                    }
                    return [inputGradient]
                        + rounded.widened([throughInput, throughOutput, throughGate, throughDown].flatMap(\.parameters))
                }
            )
        }[0]
    }

    /// Behind attention each row is by itself, unless an adapter there knows it by its place.
    private func carryingRows(_ pass: Pass, _ activations: [LowRankGroup.Activations?]) -> CarryingRows {
        let areByRow = activations.allSatisfy { $0?.areByRow ?? true }
        return CarryingRows(places: isLast && areByRow ? pass.gradientRows?.places : nil)
    }

    /// The columns of q and k. `[N, (heads + kv heads) · headSize]`
    private func rotated(_ qkv: Tensor) -> Tensor {
        qkv.slice(0..<(headCount + keyValueHeadCount) * headSize, along: 1)
    }
}

/// The rows of a layer's output that carry a gradient; all where `places` is nil.
private struct CarryingRows {
    let places: Tensor?

    /// `[N, …] → [k, …]`
    func taken(from tensor: Tensor) -> Tensor { places.map { tensor.rows($0) } ?? tensor }

    func taken(from activations: LowRankGroup.Activations) -> LowRankGroup.Activations {
        places.map { activations.rows($0) } ?? activations
    }

    /// `[k, D] → [count, D]`, zeros elsewhere.
    func put(_ tensor: Tensor, amongRows count: Int) -> Tensor {
        guard let places else { return tensor }
        let whole = Tensor.zeros([count, tensor.size(1)], dtype: tensor.dtype, on: tensor.device)
        let _: Tensor = Operator.indexCopyInPlace(whole, 0, places, tensor)
        return whole
    }
}
