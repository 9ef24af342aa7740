import Checkpoints
import Torch

/// One decoder layer, written plainly: the oracle for whatever is faster.
struct LlamaBlock {
    /// What all layers share in one forward pass.
    struct Pass {
        let batch: Int
        let length: Int
        let rotation: RotaryEmbedding.Angles
        let adapter: LoRAAdapter?
        let dropout: Generator?
        let cache: KeyValueCache?
    }

    private let inputNorm: RMSNorm
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let output: Linear
    private let postAttentionNorm: RMSNorm
    private let gate: Linear
    private let up: Linear
    private let down: Linear
    private let headCount: Int
    private let keyValueHeadCount: Int
    private let headSize: Int

    var linears: [Linear] { [query, key, value, output, gate, up, down] }

    init(
        _ configuration: ModelConfiguration, prefix: String, parameter: (_ name: String, _ shape: [Int]) throws -> Tensor
    ) throws {
        let (width, inner) = (configuration.hiddenSize, configuration.intermediateSize)
        (headCount, keyValueHeadCount) = (configuration.headCount, configuration.keyValueHeadCount)
        headSize = configuration.headSize
        let (queries, keyValues) = (headCount * headSize, keyValueHeadCount * headSize)
        func linear(_ name: String, _ outputs: Int, _ inputs: Int) throws -> Linear {
            Linear(name: "\(prefix).\(name)", weight: try parameter("\(prefix).\(name).weight", [outputs, inputs]))
        }
        func norm(_ name: String) throws -> RMSNorm {
            RMSNorm(weight: try parameter("\(prefix).\(name).weight", [width]), epsilon: configuration.normEpsilon)
        }
        query = try linear("self_attn.q_proj", queries, width)
        key = try linear("self_attn.k_proj", keyValues, width)
        value = try linear("self_attn.v_proj", keyValues, width)
        output = try linear("self_attn.o_proj", width, queries)
        gate = try linear("mlp.gate_proj", inner, width)
        up = try linear("mlp.up_proj", inner, width)
        down = try linear("mlp.down_proj", width, inner)
        inputNorm = try norm("input_layernorm")
        postAttentionNorm = try norm("post_attention_layernorm")
    }

    /// `[B·T, D] → [B·T, D]`
    func callAsFunction(_ hidden: Tensor, layer: Int, _ pass: Pass) -> Tensor {
        let attended = hidden + attention(inputNorm(hidden), layer: layer, pass)
        return attended + feedForward(postAttentionNorm(attended), pass)
    }

    private func attention(_ input: Tensor, layer: Int, _ pass: Pass) -> Tensor {
        func heads(_ linear: Linear, _ count: Int) -> Tensor {
            linear(input, pass.adapter, pass.dropout)
                .reshaped([pass.batch, pass.length, count, headSize]).transposed(1, 2)  // [B, heads, T, headSize]
        }
        let queries = pass.rotation.applied(to: heads(query, headCount))
        var keys = pass.rotation.applied(to: heads(key, keyValueHeadCount))
        var values = heads(value, keyValueHeadCount)
        if let cache = pass.cache { (keys, values) = cache.appending(keys, values, layer: layer) }

        let isFirst = keys.size(2) == pass.length
        let mask = isFirst || pass.length == 1 ? nil : causalMask(pass.length, keys.size(2), like: queries)
        let attended: Tensor = Operator.attention(
            queries, keys, values, attn_mask: mask, is_causal: isFirst && pass.length > 1,
            enable_gqa: headCount != keyValueHeadCount)
        return output(
            attended.transposed(1, 2).reshaped([pass.batch * pass.length, headCount * headSize]), pass.adapter, pass.dropout)
    }

    private func feedForward(_ input: Tensor, _ pass: Pass) -> Tensor {
        let gated: Tensor = Operator.silu(gate(input, pass.adapter, pass.dropout))
        return down(gated * up(input, pass.adapter, pass.dropout), pass.adapter, pass.dropout)
    }

    /// Rows are the new tokens, columns all tokens: `true` where a token may look.
    private func causalMask(_ rows: Int, _ columns: Int, like tensor: Tensor) -> Tensor {
        let earlier = columns - rows
        let allowed = (0..<rows).flatMap { row in (0..<columns).map { $0 <= earlier + row } }
        return Tensor(allowed, shape: [rows, columns], on: tensor.device)
    }
}

/// A linear layer without bias, to which an adapter may add.
struct Linear {
    /// Its Hugging Face name without `.weight`, as adapters know it.
    let name: String
    /// `[out, in]`
    let weight: Tensor

    /// `[N, in] → [N, out]`
    func callAsFunction(_ input: Tensor, _ adapter: LoRAAdapter?, _ dropout: Generator?) -> Tensor {
        let base: Tensor = Operator.linear(input, weight)
        guard let adapter else { return base }
        return adapter.adding(to: base, input: input, module: name, dropout: dropout)
    }
}

/// Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467).
struct RMSNorm {
    /// `[D]`
    let weight: Tensor
    let epsilon: Double

    func callAsFunction(_ input: Tensor) -> Tensor {
        Operator.rmsNorm(input, weight.shape, weight, epsilon)
    }
}
