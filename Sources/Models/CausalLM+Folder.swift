import Checkpoints
import Foundation
import Torch

extension CausalLM {
    /// Writes the model as a Hugging Face folder, an adapter merged in where there is one; whole or not at all. Packed weights are
    /// written as the values that they stand for.
    ///
    /// - Parameters:
    ///   - elementType: of the written weights: `.float32`, `.float16` or `.bfloat16`.
    ///   - companions: the tokenizer's files, by name.
    ///   - replacing: whether a folder that is not empty gives way.
    /// - Throws: `CheckpointError`.
    public func write(
        to url: URL, merging adapter: LoRAAdapter? = nil, elementType: ElementType = .float32,
        companions: [String: ModelFolderWriter.Companion] = [:], replacing: Bool = false
    ) throws {
        let (weights, packed) = (parameters, Dictionary(uniqueKeysWithValues: packedWeights.map { ($0.name, $0.weight) }))
        let writer = ModelFolderWriter(
            configuration: configuration,
            tensors: weights.map { ($0.name, $0.tensor.shape) } + packedWeights.map { ($0.name, $0.weight.shape) },
            elementType: elementType, companions: companions)
        try writer.write(to: url, replacing: replacing) { description in
            let weight = weights[description.name] ?? packed[description.name]!.values()
            let module = description.name.hasSuffix(".weight") ? String(description.name.dropLast(".weight".count)) : ""
            return (adapter?.merged(weight, module: module) ?? weight).values()
        }
    }
}
