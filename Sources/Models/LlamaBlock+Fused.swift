import Torch

// One decoder layer as one differentiable piece: forward and backward by hand, for frozen base weights, on any device.
//
// Where the base is bfloat16 and the adapter float32, the adapter is rounded once a pass, products accumulate in float32, and its
// gradients are handed on in its own type.
//
// Saved for backward: x, the turned q, k and v, the attention's output and softmax's sums, the residual stream after attention, gate and
// up, each norm's factors, and the adapter's low-rank activations. The norms' results and SwiGLU's are computed again, which
// saves a third of the memory.
extension LlamaBlock {
    /// Whether `fused` computes what `plain` does here: no gradient of a base weight, no cache.
    func canFuse(_ hidden: Tensor, _ pass: Pass) -> Bool {
        Runtime.arithmetic != .plain && pass.cache == nil && pass.length > 1
            && !inputNorm.weight.requiresGradient && !linears[0].weight.requiresGradient
    }

    /// `[B·T, D] → [B·T, D]`
    func fused(_ input: Tensor, _ pass: Pass) -> Tensor {
        let adapters = [attentionInput, output, gateUp, down].map { GroupAdapter($0, pass) }
        let inputs = [input] + adapters.flatMap(\.parameters)
        return differentiable(inputs) {
            let x = input.detached()
            let (normalized, factor) = inputNorm.kernel(x)
            let (qkv, qkvLow) = adapters[0].forward(normalized)
            RowKernels.rotate(rotated(qkv), cosine: pass.rotation.cosine, sine: pass.rotation.sine)
            let (attended, softmax) = RowKernels.attention(
                qkv, heads: headCount, keyValueHeads: keyValueHeadCount, length: pass.length)
            let (projected, outputLow) = adapters[1].forward(attended)
            let (normalizedAgain, factorAgain) = postAttentionNorm.kernel(projected, adding: x)
            let (gateAndUp, gateUpLow) = adapters[2].forward(normalizedAgain)
            let activated = RowKernels.swiGLU(gateAndUp)
            let (result, downLow) = adapters[3].forward(activated)
            result += projected

            return (
                [result],
                { gradients in
                    guard let gradient = gradients[0] else { return inputs.map { _ in nil } }
                    let throughDown = adapters[3].backward(gradient, input: RowKernels.swiGLU(gateAndUp), low: downLow)
                    let throughGate = adapters[2].backward(
                        RowKernels.swiGLUBackward(throughDown.input!, gateUp: gateAndUp),
                        input: postAttentionNorm.kernel(projected).normalized, low: gateUpLow)
                    let residual = postAttentionNorm.kernelBackward(
                        throughGate.input!, x: projected, factor: factorAgain, adding: gradient)
                    let throughOutput = adapters[1].backward(residual, input: attended, low: outputLow)
                    let qkvGradient = RowKernels.attentionBackward(
                        throughOutput.input!, qkv: qkv, output: attended, normalizer: softmax, heads: headCount,
                        keyValueHeads: keyValueHeadCount, length: pass.length)
                    RowKernels.rotate(
                        rotated(qkvGradient), cosine: pass.rotation.cosine, sine: pass.rotation.sine, inverse: true)
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
