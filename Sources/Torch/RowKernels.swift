import CTorch

/// What libtorch's own operators do too slowly in a decoder layer: element-wise work in one pass over memory each, and attention.
/// Unrecorded.
///
/// In host memory, float32 or float64, by loops (CTorch); on a GPU, float32 or bfloat16, by `CUDARowKernels` and flash
/// attention; of other types, and where there is no compiler for the GPU, by libtorch's operators (`RowOperators`), which the
/// tests hold the others against.
public enum RowKernels {
    enum Place {
        case host
        case card(CUDARowKernels)
        case operators
    }

    static func place(of tensor: Tensor) -> Place {
        guard Runtime.arithmetic == .kernels else { return .operators }
        switch tensor.device {
        case .cpu: return tensor.dtype == .float32 || tensor.dtype == .float64 ? .host : .operators
        case .cuda:
            guard CUDARowKernels.take(tensor.dtype), let kernels = DeviceKernels.shared.rowKernels(on: tensor.device) else {
                return .operators
            }
            return .card(kernels)
        }
    }

    /// `x · rsqrt(mean(x²) + ε) · w`, and each row's factor; with `adding`, x += residual first. `[n, d]`, `[n]`
    public static func rmsNorm(
        _ x: Tensor, weight: Tensor, epsilon: Double, adding residual: Tensor? = nil
    ) -> (normalized: Tensor, factor: Tensor) {
        switch place(of: x) {
        case .card(let kernels): return kernels.rmsNorm(x, weight: weight, epsilon: epsilon, adding: residual)
        case .operators: return RowOperators.rmsNorm(x, weight: weight, epsilon: epsilon, adding: residual)
        case .host: break
        }
        if let residual { x += residual }
        var (y, factor) = (ct_tensor(), ct_tensor())
        check("rmsNorm", x) { ct_rms_norm(x.handle, weight.handle, epsilon, &y, &factor) }
        return (Tensor(owning: y), Tensor(owning: factor))
    }

    /// The gradient with respect to `x`, plus `residual`.
    public static func rmsNormBackward(
        _ gradient: Tensor, x: Tensor, weight: Tensor, factor: Tensor, adding residual: Tensor? = nil
    ) -> Tensor {
        switch place(of: x) {
        case .card(let kernels): return kernels.rmsNormBackward(gradient, x: x, weight: weight, factor: factor, adding: residual)
        case .operators: return RowOperators.rmsNormBackward(gradient, x: x, weight: weight, factor: factor, adding: residual)
        case .host: break
        }
        var result = ct_tensor()
        check("rmsNormBackward", gradient) {
            withExtendedLifetime(residual) {
                ct_rms_norm_backward(
                    gradient.handle, x.handle, weight.handle, factor.handle, residual?.handle ?? ct_tensor(), &result)
            }
        }
        return Tensor(owning: result)
    }

    /// `silu(gate) · up`, where a row holds gate, then up. `[n, 2f] → [n, f]`
    public static func swiGLU(_ gateUp: Tensor) -> Tensor {
        switch place(of: gateUp) {
        case .card(let kernels): return kernels.swiGLU(gateUp)
        case .operators: return RowOperators.swiGLU(gateUp)
        case .host: break
        }
        var result = ct_tensor()
        check("swiGLU", gateUp) { ct_swiglu(gateUp.handle, &result) }
        return Tensor(owning: result)
    }

    /// `[n, f] → [n, 2f]`
    public static func swiGLUBackward(_ gradient: Tensor, gateUp: Tensor) -> Tensor {
        switch place(of: gateUp) {
        case .card(let kernels): return kernels.swiGLUBackward(gradient, gateUp: gateUp)
        case .operators: return RowOperators.swiGLUBackward(gradient, gateUp: gateUp)
        case .host: break
        }
        var result = ct_tensor()
        check("swiGLUBackward", gateUp) { ct_swiglu_backward(gradient.handle, gateUp.handle, &result) }
        return Tensor(owning: result)
    }

    /// Turns every head of `rows` in place by its position's angle, or back. `[n, heads · size]`; angles `[t, size]`.
    public static func rotate(_ rows: Tensor, cosine: Tensor, sine: Tensor, inverse: Bool = false) {
        switch place(of: rows) {
        case .card(let kernels): return kernels.rotate(rows, cosine: cosine, sine: sine, inverse: inverse)
        case .operators: return RowOperators.rotate(rows, cosine: cosine, sine: sine, inverse: inverse)
        case .host: break
        }
        check("rotate", rows) { ct_rotate(rows.handle, cosine.handle, sine.handle, inverse) }
    }

    /// Each row's cross-entropy in nats, log Z and, where asked for, entropy. `[n, v]`, targets `[n]` int64 `→ [n]`
    public static func crossEntropy(
        _ logits: Tensor, targets: Tensor, entropy wantsEntropy: Bool
    ) -> (loss: Tensor, normalizer: Tensor, entropy: Tensor?) {
        switch place(of: logits) {
        case .card(let kernels): return kernels.crossEntropy(logits, targets: targets, entropy: wantsEntropy)
        case .operators: return RowOperators.crossEntropy(logits, targets: targets, entropy: wantsEntropy)
        case .host: break
        }
        var (loss, normalizer, entropy) = (ct_tensor(), ct_tensor(), ct_tensor())
        check("crossEntropy", logits) {
            withUnsafeMutablePointer(to: &entropy) {
                ct_cross_entropy(logits.handle, targets.handle, &loss, &normalizer, wantsEntropy ? $0 : nil)
            }
        }
        return (Tensor(owning: loss), Tensor(owning: normalizer), wantsEntropy ? Tensor(owning: entropy) : nil)
    }

    /// Overwrites logits with softmax − one-hot. Columns may be a part of all classes: a target outside is in another part.
    public static func crossEntropyBackward(_ logits: Tensor, targets: Tensor, normalizer: Tensor) {
        switch place(of: logits) {
        case .card(let kernels): return kernels.crossEntropyBackward(logits, targets: targets, normalizer: normalizer)
        case .operators: return RowOperators.crossEntropyBackward(logits, targets: targets, normalizer: normalizer)
        case .host: break
        }
        check("crossEntropyBackward", logits) {
            ct_cross_entropy_backward(logits.handle, targets.handle, normalizer.handle)
        }
    }

    /// Causal attention of sequences of `length` rows; a row holds the queries of all heads, then keys, then values. With a
    /// window a row sees that many rows alone, the last of them itself.
    /// `[n, (heads + 2 · keyValueHeads) · size] → [n, heads · size]`, and what `attentionBackward` needs of each softmax.
    public static func attention(
        _ qkv: Tensor, heads: Int, keyValueHeads: Int, length: Int, window: Int? = nil
    ) -> (output: Tensor, normalizer: AttentionNormalizer) {
        let shape = AttentionShape(heads: heads, keyValueHeads: keyValueHeads, length: length, window: window, qkv)
        if case .host = place(of: qkv) {
        } else {
            return FlashAttention.takes(qkv, shape) ? FlashAttention.forward(qkv, shape) : RowOperators.attention(qkv, shape)
        }
        var (output, softmax) = (ct_tensor(), ct_tensor())
        check("attention", qkv) {
            ct_attention(
                qkv.handle, Int64(heads), Int64(keyValueHeads), Int64(length), Int64(shape.window), &output, &softmax)
        }
        return (Tensor(owning: output), AttentionNormalizer(rows: Tensor(owning: softmax)))
    }

    /// The gradient with respect to `qkv`.
    public static func attentionBackward(
        _ gradient: Tensor, qkv: Tensor, output: Tensor, normalizer: AttentionNormalizer, heads: Int, keyValueHeads: Int,
        length: Int, window: Int? = nil
    ) -> Tensor {
        let shape = AttentionShape(heads: heads, keyValueHeads: keyValueHeads, length: length, window: window, qkv)
        if case .host = place(of: qkv) {
        } else {
            return normalizer.flash == nil
                ? RowOperators.attentionBackward(gradient, qkv: qkv, output: output, normalizer: normalizer, shape)
                : FlashAttention.backward(gradient, qkv: qkv, output: output, normalizer: normalizer, shape)
        }
        let softmax = normalizer.rows
        var result = ct_tensor()
        check("attentionBackward", qkv) {
            ct_attention_backward(
                gradient.handle, qkv.handle, output.handle, softmax.handle, Int64(heads), Int64(keyValueHeads),
                Int64(length), Int64(shape.window), &result)
        }
        return Tensor(owning: result)
    }

    static func check(_ name: String, _ tensor: Tensor, _ call: () -> ct_status) {
        trapping {
            try TorchError.check("\(name) of \(tensor)", OperatorClock.time(name, [tensor.shape], call))
        }
    }
}
