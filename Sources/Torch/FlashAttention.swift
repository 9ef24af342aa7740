/// libtorch's flash attention on a GPU (Dao 2023, arXiv:2307.08691), which reads queries, keys and values where the projection
/// left them and shares keys and values among the heads of a group.
enum FlashAttention {
    /// What its backward pass wants back beside the inputs and log Z.
    struct State {
        /// Offsets of sequences of unequal length, here undefined, and the longest lengths.
        let sequences: [Operator.Value]
        /// Of dropout, of which there is none.
        let randomState: [Operator.Value]
    }

    /// GPUs since Ampere, 16-bit types, heads of up to 256 values in whole vectors, no window.
    static func takes(_ qkv: Tensor, _ shape: AttentionShape) -> Bool {
        guard qkv.device != .cpu, qkv.dtype == .bfloat16 || qkv.dtype == .float16, shape.size % 8 == 0, shape.size <= 256,
            shape.window == shape.length
        else { return false }
        guard Runtime.arithmetic == .kernels, let capability = try? DeviceKernels.capability(of: qkv.device) else { return false }
        return capability.major >= 8
    }

    static func forward(_ qkv: Tensor, _ shape: AttentionShape) -> (output: Tensor, normalizer: AttentionNormalizer) {
        let (queries, keys, values) = shape.parts(qkv)
        // output, log Z, two lists of offsets, two lengths, two of random state, a mask for debugging
        let results = trapping { try forwardOperator.results(of: ["": queries, "": keys, "": values, "": 0.0, "": true]) }
        guard results.count == 9, case .tensor(let output) = results[0], case .tensor(let normalizer) = results[1] else {
            fatalError("flash attention gave \(results.count) results in this version of libtorch")
        }
        return (
            shape.rows(output),
            AttentionNormalizer(
                rows: normalizer, flash: State(sequences: Array(results[2..<6]), randomState: Array(results[6..<8])))
        )
    }

    static func backward(
        _ gradient: Tensor, qkv: Tensor, output: Tensor, normalizer: AttentionNormalizer, _ shape: AttentionShape
    ) -> Tensor {
        let ((queries, keys, values), state) = (shape.parts(qkv), normalizer.flash!)
        let (lists, random) = (state.sequences, state.randomState)
        let gradients: [Tensor] = backwardOperator(
            shape.heads(gradient), queries, keys, values, shape.heads(output), normalizer.rows, lists[0], lists[1], lists[2],
            lists[3], 0.0, true, random[0], random[1])
        return Tensor.concatenated(gradients.map(shape.rows), along: 1)
    }

    private static let forwardOperator = Operator("aten::_scaled_dot_product_flash_attention")
    private static let backwardOperator = Operator("aten::_scaled_dot_product_flash_attention_backward")
}

extension Operator.Value: OperatorArgument {
    public var operatorValue: Operator.Value { self }
}
