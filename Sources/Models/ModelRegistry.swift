import Checkpoints
import Torch

/// The model families, by the architecture that `config.json` names.
public enum ModelRegistry {
    public typealias Family = @Sendable (ModelConfiguration, any TensorSource, DType, Device) throws -> any CausalLM

    static let families: [String: Family] = [
        "LlamaForCausalLM": { try LlamaModel(configuration: $0, weights: $1, dtype: $2, device: $3) }
    ]

    /// - Throws: `ModelError.unknownArchitecture` with the known names.
    public static func load(
        _ configuration: ModelConfiguration, weights: any TensorSource, dtype: DType = .float32, on device: Device = .cpu
    ) throws -> any CausalLM {
        guard let family = families[configuration.architecture] else {
            throw ModelError.unknownArchitecture(configuration.architecture, known: families.keys.sorted())
        }
        return try family(configuration, weights, dtype, device)
    }
}
