import CTorch

/// What libtorch's own operators do too slowly in a decoder layer: element-wise work in one pass over memory each, narrow
/// products, attention. Host memory, float32 or float64, unrecorded.
///
/// Each has a plain counterpart made of libtorch's operators, which the tests hold it against.
public enum RowKernels {
    /// Whether they take this tensor.
    public static func accept(_ tensor: Tensor) -> Bool {
        tensor.device == .cpu && (tensor.dtype == .float32 || tensor.dtype == .float64)
    }

    /// `x · rsqrt(mean(x²) + ε) · w`, and each row's factor. `[n, d]`, `[n]`
    public static func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Double) -> (normalized: Tensor, factor: Tensor) {
        var (y, factor) = (ct_tensor(), ct_tensor())
        check("rmsNorm", x) { ct_rms_norm(x.handle, weight.handle, epsilon, &y, &factor) }
        return (Tensor(owning: y), Tensor(owning: factor))
    }

    /// The gradient with respect to `x`, plus `residual`.
    public static func rmsNormBackward(
        _ gradient: Tensor, x: Tensor, weight: Tensor, factor: Tensor, adding residual: Tensor? = nil
    ) -> Tensor {
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
        var result = ct_tensor()
        check("swiGLU", gateUp) { ct_swiglu(gateUp.handle, &result) }
        return Tensor(owning: result)
    }

    /// `[n, f] → [n, 2f]`
    public static func swiGLUBackward(_ gradient: Tensor, gateUp: Tensor) -> Tensor {
        var result = ct_tensor()
        check("swiGLUBackward", gateUp) { ct_swiglu_backward(gradient.handle, gateUp.handle, &result) }
        return Tensor(owning: result)
    }

    /// Turns every head of `rows` in place by its position's angle, or back. `[n, heads · size]`; angles `[t, size]`.
    public static func rotate(_ rows: Tensor, cosine: Tensor, sine: Tensor, inverse: Bool = false) {
        check("rotate", rows) { ct_rotate(rows.handle, cosine.handle, sine.handle, inverse) }
    }

    /// Each row's cross-entropy in nats, log Z and, where asked for, entropy. `[n, v]`, targets `[n]` int64 `→ [n]`
    public static func crossEntropy(
        _ logits: Tensor, targets: Tensor, entropy wantsEntropy: Bool
    ) -> (loss: Tensor, normalizer: Tensor, entropy: Tensor?) {
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
        check("crossEntropyBackward", logits) {
            ct_cross_entropy_backward(logits.handle, targets.handle, normalizer.handle)
        }
    }

    /// Causal attention of sequences of `length` rows; a row holds the queries of all heads, then keys, then values.
    /// `[n, (heads + 2 · keyValueHeads) · size] → [n, heads · size]`, and log Z of each softmax, `[n, heads]`.
    public static func attention(
        _ qkv: Tensor, heads: Int, keyValueHeads: Int, length: Int
    ) -> (output: Tensor, normalizer: Tensor) {
        var (output, normalizer) = (ct_tensor(), ct_tensor())
        check("attention", qkv) {
            ct_attention(qkv.handle, Int64(heads), Int64(keyValueHeads), Int64(length), &output, &normalizer)
        }
        return (Tensor(owning: output), Tensor(owning: normalizer))
    }

    /// The gradient with respect to `qkv`.
    public static func attentionBackward(
        _ gradient: Tensor, qkv: Tensor, output: Tensor, normalizer: Tensor, heads: Int, keyValueHeads: Int, length: Int
    ) -> Tensor {
        var result = ct_tensor()
        check("attentionBackward", qkv) {
            ct_attention_backward(
                gradient.handle, qkv.handle, output.handle, normalizer.handle, Int64(heads), Int64(keyValueHeads),
                Int64(length), &result)
        }
        return Tensor(owning: result)
    }

    /// `result = left · right`, or `result += left · right` where `adding`: `[n, k] · [k, m] → [n, m]`.
    /// All three may be slices of columns. For a small k or m: `timesTransposed` is for the others.
    public static func multiply(_ left: Tensor, _ right: Tensor, into result: Tensor, adding: Bool = false) {
        check("multiply", left) { ct_multiply(result.handle, left.handle, right.handle, adding) }
    }

    /// `leftᵀ · right`: `[n, r]ᵀ · [n, m] → [r, m]`, for small r.
    public static func multiplyTransposed(_ left: Tensor, _ right: Tensor) -> Tensor {
        var result = ct_tensor()
        check("multiplyTransposed", left) { ct_multiply_transposed(left.handle, right.handle, &result) }
        return Tensor(owning: result)
    }

    private static func check(_ name: String, _ tensor: Tensor, _ call: () -> ct_status) {
        trapping {
            try TorchError.check("\(name) of \(tensor)", OperatorClock.time(name, [tensor.shape], call))
        }
    }
}
