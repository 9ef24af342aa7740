import Checkpoints
import Torch

/// How the weights of frozen linear layers are held in memory. Embeddings, norms, biases and the head are held in the model's type
/// whatever this says.
public enum LayerStorage: String, Sendable, CaseIterable {
    /// In the model's type.
    case exact
    /// Rounded to bfloat16; each product widens its weight.
    case bfloat16
    /// As the file has them, in 4, 8 or 16 bits; products widen them a tile at a time.
    case packed
    /// Rounded to 8 bits with a scale a row, and widened as `packed`.
    case int8PerRow
    /// Rounded to QLoRA's 4-bit NormalFloat, and widened as `packed`.
    case nf4

    /// What a tensor of the file is packed as; `nil` where it is held as a tensor.
    func format(ofStored type: ElementType) -> PackedWeight.Format? {
        switch self {
        case .exact, .bfloat16: nil
        case .int8PerRow: .int8PerRow
        case .nf4: .nf4
        case .packed:
            switch type {
            case .q8_0: .q8_0
            case .q4_0: .q4_0
            case .q4_1: .q4_1
            case .bfloat16: .bfloat16
            case .float16: .float16
            default: .float32
            }
        }
    }
}

/// The matrix of a linear layer, `[out, in]`.
enum LayerWeight {
    /// In the type that it is held in; products widen it to their input's.
    case tensor(Tensor)
    case packed(PackedWeight)

    var shape: [Int] {
        switch self {
        case .tensor(let tensor): tensor.shape
        case .packed(let weight): weight.shape
        }
    }

    /// `nil` where it is packed.
    var tensor: Tensor? {
        if case .tensor(let tensor) = self { tensor } else { nil }
    }
}
