import Checkpoints
import Torch

/// The model that runs an architecture. All of `ModelFamilies` are one decoder with other pieces; an architecture that isn't gets a type
/// of its own, and is told apart here.
public enum ModelRegistry {
    /// - Parameter layers: how linear layers' weights are held.
    /// - Throws: `ModelError.unknownArchitecture` with the known names.
    public static func load(
        _ configuration: ModelConfiguration, weights: any TensorSource, dtype: DType = .float32, layers: LayerStorage = .exact,
        on device: Device = .cpu
    ) throws -> any CausalLM {
        guard ModelFamilies.architectures.contains(configuration.architecture) else {
            throw ModelError.unknownArchitecture(configuration.architecture, known: ModelFamilies.architectures)
        }
        return try LlamaModel(
            configuration: configuration, weights: weights, dtype: dtype, layers: layers, device: device)
    }
}
