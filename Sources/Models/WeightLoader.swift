import Checkpoints
import Torch

/// Reads a model's weights from the mapped file to the place where they stay, one tensor at a time, checking each shape before memory
/// is taken.
///
/// In float32 on the CPU, and where a layer stays packed as it is in the file, nothing stands between file and weight. Of other types, and
/// on a GPU, a tensor is in memory once more while it is read, in float32; that memory serves all of them.
final class WeightLoader {
    private let source: any TensorSource
    private let dtype: DType
    private let layers: LayerStorage
    private let device: Device
    /// `[n]`, where n is the count of the largest tensor read so far.
    private var staging = Tensor.empty([0])

    init(source: any TensorSource, dtype: DType, layers: LayerStorage, device: Device) {
        (self.source, self.dtype, self.layers, self.device) = (source, dtype, layers, device)
    }

    /// What linear layers' weights are held in, where they are tensors.
    var layerDType: DType { layers == .bfloat16 ? .bfloat16 : dtype }

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
        tensor.assign(try staged(name, tensor.shape))
    }

    /// The weights of layers that share an input, packed as `layers` says; `nil` where they are tensors.
    func packed(_ parts: [(name: String, outputs: Int)], inputs: Int) throws -> [PackedWeight]? {
        guard ![.exact, .bfloat16].contains(layers) else { return nil }
        return try parts.map { part in
            let (name, shape) = (part.name + ".weight", [part.outputs, inputs])
            try check(name, shape)
            let format = layers.format(ofStored: source.description(of: name)!.elementType)!
            switch format {
            case .float32, .int8PerRow, .nf4: return PackedWeight(try staged(name, shape), as: format)
            default: return try PackedWeight(format, shape: shape) { try source.readStored(name, into: $0) }
            }
        }
    }

    /// A tensor in float32 in the memory that all share, until the next is read.
    private func staged(_ name: String, _ shape: [Int]) throws -> Tensor {
        let count = shape.reduce(1, *)
        if staging.count < count {
            // The smaller one is given back first.
            staging = Tensor.empty([0])
            staging = Tensor.empty([count])
        }
        let part = staging.slice(0..<count)
        try part.withMutableBytes { try source.read(name, into: $0.bindMemory(to: Float.self)) }
        return part.reshaped(shape)
    }

    private func check(_ name: String, _ shape: [Int]) throws {
        guard let found = source.description(of: name) else { throw ModelError.missingTensor(name) }
        guard found.shape == shape else { throw ModelError.wrongShape(tensor: name, found: found.shape, expected: shape) }
    }
}
