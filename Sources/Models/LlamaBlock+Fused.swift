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
    func reasonForPlain(cache: Bool, length: Int) -> PlainReason? {
        if Runtime.arithmetic == .plain { return .asked }
        if cache { return .cache }
        if length == 1 { return .singlePosition }
        if inputNorm.weight.requiresGradient || linears[0].weight.tensor?.requiresGradient == true { return .trainedBase }
        return inputNorm.hasKernel ? nil : .roundedNorms
    }

    /// `[B·T, D] → [B·T, D]`
    func fused(_ input: Tensor, _ pass: Pass) -> Tensor {
        let adapters = [attentionInput, output, gateUp, down].map { GroupAdapter($0, pass, dtype: input.dtype) }
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
