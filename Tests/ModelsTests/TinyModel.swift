import Checkpoints
import Models
import Torch

/// A random Llama small enough for tests: grouped heads, weights in memory.
struct TinyModel: TensorSource {
    let configuration: ModelConfiguration
    let tensors: [TensorDescription]
    private let values: [String: [Float]]

    init(tied: Bool = true, vocabularySize: Int = 37, layers: Int = 2, seed: UInt64 = 1) {
        let (width, inner, heads, keyValueHeads, size) = (24, 40, 6, 2, 4)
        configuration = ModelConfiguration(
            vocabularySize: vocabularySize, hiddenSize: width, intermediateSize: inner, layerCount: layers, headCount: heads,
            keyValueHeadCount: keyValueHeads, headSize: size, tiesEmbeddings: tied)
        var shapes: [(String, [Int])] = [("model.embed_tokens.weight", [vocabularySize, width])]
        for layer in 0..<layers {
            let prefix = "model.layers.\(layer)."
            shapes += [
                (prefix + "self_attn.q_proj.weight", [heads * size, width]),
                (prefix + "self_attn.k_proj.weight", [keyValueHeads * size, width]),
                (prefix + "self_attn.v_proj.weight", [keyValueHeads * size, width]),
                (prefix + "self_attn.o_proj.weight", [width, heads * size]),
                (prefix + "mlp.gate_proj.weight", [inner, width]), (prefix + "mlp.up_proj.weight", [inner, width]),
                (prefix + "mlp.down_proj.weight", [width, inner]), (prefix + "input_layernorm.weight", [width]),
                (prefix + "post_attention_layernorm.weight", [width]),
            ]
        }
        shapes.append(("model.norm.weight", [width]))
        if !tied { shapes.append(("lm_head.weight", [vocabularySize, width])) }
        let generator = Generator(seed: seed)
        var values: [String: [Float]] = [:]
        for (name, shape) in shapes {
            let isNorm = shape.count == 1
            let noise: Tensor = generator.normal(shape) * (isNorm ? 0.1 : 0.3)
            values[name] = (isNorm ? noise + 1.0 : noise).values()
        }
        self.values = values
        tensors = shapes.map { TensorDescription(name: $0.0, elementType: .float32, shape: $0.1) }
    }

    func description(of name: String) -> TensorDescription? { tensors.first { $0.name == name } }

    func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) {
        _ = destination.update(from: values[name]!)
    }

    func model(_ dtype: DType = .float32) throws -> LlamaModel {
        let model = try LlamaModel(configuration: configuration, weights: self, dtype: dtype)
        return model
    }

    /// An adapter on every linear layer whose B is not zero.
    func adapter(for model: LlamaModel, rank: Int = 3, targets: [String]? = nil, dtype: DType = .float32) throws -> LoRAAdapter {
        var options = LoRAAdapter.Options()
        (options.rank, options.alpha) = (rank, 5)
        if let targets { options.targetModules = targets }
        let adapter = try LoRAAdapter(for: model, options: options, seed: 3, dtype: dtype)
        let generator = Generator(seed: 4)
        for (name, tensor) in adapter.parameters where name.hasSuffix("lora_B.weight") {
            tensor.assign((generator.normal(tensor.shape) * 0.2).converted(to: dtype))
        }
        return adapter
    }

    static func tokens(_ batch: Int, _ length: Int, vocabularySize: Int = 37, seed: UInt64 = 9) -> Tensor {
        let noise: [Double] = Generator(seed: seed).uniform([batch * length], dtype: .float64).values()
        return Tensor(noise.map { Int($0 * Double(vocabularySize)) }, shape: [batch, length])
    }
}
