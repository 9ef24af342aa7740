import Checkpoints
import Torch

/// Reads a model's weights from the mapped file to the place where they stay, one tensor at a time, checking each shape before memory
/// is taken.
///
/// In float32 on the CPU nothing stands between file and weight. Of other types, and on a GPU, a tensor is in memory once more while it is
/// read, in float32; that memory serves all of them.
final class WeightLoader {
    private let source: any TensorSource
    private let dtype: DType
    /// What linear layers' weights are held in.
    let layerDType: DType
    private let device: Device
    /// `[n]`, where n is the count of the largest tensor read so far.
    private var staging = Tensor.empty([0])

    init(source: any TensorSource, dtype: DType, layerDType: DType, device: Device) {
        (self.source, self.dtype, self.layerDType, self.device) = (source, dtype, layerDType, device)
    }

    /// - Throws: `ModelError.missingTensor`, `.wrongShape`, and what reading throws.
    func callAsFunction(_ name: String, _ shape: [Int]) throws -> Tensor {
        try check(name, shape)
        let tensor = place(shape)
        try read(name, into: tensor)
        return tensor
    }

    /// Memory for weights to stay in.
    func place(_ shape: [Int], as held: DType? = nil) -> Tensor { .empty(shape, dtype: held ?? dtype, on: device) }

    /// Reads into a tensor whose rows are contiguous, such as some rows of a larger one.
    func read(_ name: String, into tensor: Tensor) throws {
        try check(name, tensor.shape)
        guard tensor.dtype != .float32 || tensor.device != .cpu else {
            return try tensor.withMutableBytes { try source.read(name, into: $0.bindMemory(to: Float.self)) }
        }
        if staging.count < tensor.count {
            // The smaller one is given back first.
            staging = Tensor.empty([0])
            staging = Tensor.empty([tensor.count])
        }
        let part = staging.slice(0..<tensor.count)
        try part.withMutableBytes { try source.read(name, into: $0.bindMemory(to: Float.self)) }
        tensor.assign(part.reshaped(tensor.shape))
    }

    private func check(_ name: String, _ shape: [Int]) throws {
        guard let found = source.description(of: name) else { throw ModelError.missingTensor(name) }
        guard found.shape == shape else { throw ModelError.wrongShape(tensor: name, found: found.shape, expected: shape) }
    }
}
