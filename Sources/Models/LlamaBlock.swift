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
        let dropout: Dropout?
        let cache: KeyValueCache?
        /// Of the last layer's output.
        let gradientRows: GradientRows?
    }

    /// Which layer it is, counted from the embeddings.
    let index: Int
    let isLast: Bool
    let inputNorm: RMSNorm
    /// q, k and v, which share an input.
    private(set) var attentionInput: LinearGroup
    private(set) var output: LinearGroup
    let headNorms: HeadNorms?
    let postAttentionNorm: RMSNorm
    /// gate and up, which share an input.
    private(set) var gateUp: LinearGroup
    private(set) var down: LinearGroup
    let activation: GatedActivation
    let headCount: Int
    let keyValueHeadCount: Int
    let headSize: Int
    /// How many tokens a token sees, itself included; `nil` where it sees all before it.
    let window: Int?

    var linears: [Linear] { [attentionInput, output, gateUp, down].flatMap(\.linears) }

    init(
        _ configuration: ModelConfiguration, index: Int, parameter: (_ name: String, _ shape: [Int]) throws -> Tensor,
        packed: (_ parts: [(name: String, outputs: Int)], _ inputs: Int, _ hasBias: Bool) throws -> LinearGroup
    ) throws {
        let (width, inner, pieces) = (configuration.hiddenSize, configuration.intermediateSize, configuration.pieces)
        let prefix = "model.layers.\(index)"
        self.index = index
        isLast = index == configuration.layerCount - 1
        (headCount, keyValueHeadCount) = (configuration.headCount, configuration.keyValueHeadCount)
        headSize = configuration.headSize
        activation = GatedActivation(activation: pieces.activation)
        window = pieces.window?.length(inLayer: index)
        let (queries, keyValues) = (headCount * headSize, keyValueHeadCount * headSize)
        func group(_ parts: [(String, Int)], _ inputs: Int, hasBias: Bool = false) throws -> LinearGroup {
            try packed(parts.map { ("\(prefix).\($0.0)", $0.1) }, inputs, hasBias)
        }
        func norm(_ name: String, _ width: Int) throws -> RMSNorm {
            RMSNorm(
                weight: try parameter("\(prefix).\(name).weight", [width]), epsilon: configuration.normEpsilon,
                addsOne: pieces.normsAddOne)
        }
        attentionInput = try group(
            [("self_attn.q_proj", queries), ("self_attn.k_proj", keyValues), ("self_attn.v_proj", keyValues)], width,
            hasBias: pieces.attentionBias != .none)
        output = try group([("self_attn.o_proj", width)], queries, hasBias: pieces.attentionBias == .all)
        headNorms =
            pieces.normalizesHeads
            ? HeadNorms(query: try norm("self_attn.q_norm", headSize), key: try norm("self_attn.k_norm", headSize)) : nil
        gateUp = try group([("mlp.gate_proj", inner), ("mlp.up_proj", inner)], width)
        down = try group([("mlp.down_proj", width)], inner)
        inputNorm = try norm("input_layernorm", width)
        postAttentionNorm = try norm("post_attention_layernorm", width)
    }

    /// The layer on the same weights, which the forward pass multiplies by in int8.
    func withInt8() -> LlamaBlock {
        var block = self
        (block.attentionInput, block.output) = (attentionInput.withInt8(), output.withInt8())
        (block.gateUp, block.down) = (gateUp.withInt8(), down.withInt8())
        return block
    }

    /// `[B·T, D] → [B·T, D]`, one operator after another.
    func plain(_ hidden: Tensor, _ pass: Pass) -> Tensor {
        let attended = hidden + attention(inputNorm(hidden), pass)
        return attended + feedForward(postAttentionNorm(attended), pass)
    }

    private func attention(_ input: Tensor, _ pass: Pass) -> Tensor {
        func heads(_ linear: Linear, _ count: Int, _ norm: RMSNorm? = nil) -> Tensor {
            let heads = linear(input, pass.adapter, pass.dropout).reshaped([pass.batch, pass.length, count, headSize])
            return (norm.map { $0(heads) } ?? heads).transposed(1, 2)  // [B, heads, T, headSize]
        }
        let (query, key, value) = (attentionInput.linears[0], attentionInput.linears[1], attentionInput.linears[2])
        let queries = pass.rotation.applied(to: heads(query, headCount, headNorms?.query))
        var keys = pass.rotation.applied(to: heads(key, keyValueHeadCount, headNorms?.key))
        var values = heads(value, keyValueHeadCount)
        if let cache = pass.cache { (keys, values) = cache.appending(keys, values, layer: index) }

        let (isFirst, isWithinWindow) = (keys.size(2) == pass.length, keys.size(2) <= window ?? .max)
        let needsMask = !(isWithinWindow && (isFirst || pass.length == 1))
        let mask = needsMask ? causalMask(pass.length, keys.size(2), like: queries) : nil
        let attended: Tensor = Operator.attention(
            queries, keys, values, attn_mask: mask, is_causal: !needsMask && pass.length > 1,
            enable_gqa: headCount != keyValueHeadCount)
        return output.linears[0](
            attended.transposed(1, 2).reshaped([pass.batch * pass.length, headCount * headSize]), pass.adapter, pass.dropout)
    }

    private func feedForward(_ input: Tensor, _ pass: Pass) -> Tensor {
        let (gate, up) = (gateUp.linears[0], gateUp.linears[1])
        let gated = activation(gate: gate(input, pass.adapter, pass.dropout), up: up(input, pass.adapter, pass.dropout))
        return down.linears[0](gated, pass.adapter, pass.dropout)
    }

    /// Rows are the new tokens, columns all tokens: `true` where a token may look.
    private func causalMask(_ rows: Int, _ columns: Int, like tensor: Tensor) -> Tensor {
        let earlier = columns - rows
        let allowed = (0..<rows).flatMap { row in
            (0..<columns).map { $0 <= earlier + row && earlier + row - $0 < window ?? .max }
        }
        return Tensor(allowed, shape: [rows, columns], on: tensor.device)
    }
}
