import Checkpoints
import Foundation
import Torch

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864), in Hugging Face's layout: the two halves of a head
/// are the real and the imaginary parts.
final class RotaryEmbedding {
    /// Cosines and sines of some positions, `[T, headSize]`, in float32 or more: bfloat16 would round them to 8 bits.
    struct Angles {
        let cosine: Tensor
        let sine: Tensor

        /// `[B, heads, T, headSize]`, each head turned by its position.
        func applied(to heads: Tensor) -> Tensor {
            let half = heads.size(3) / 2
            let parts = heads.split([half, half], along: 3)
            return (heads * cosine + Tensor.concatenated([-parts[1], parts[0]], along: 3) * sine).converted(to: heads.dtype)
        }
    }

    private let frequencies: [Double]
    private let dtype: DType
    private let device: Device
    private var cached: (range: Range<Int>, angles: Angles)?
    /// Of whole texts, by their length. They stay, for a recorded pass reads them where they are.
    private var ofWholeTexts: [Int: Angles] = [:]

    init(_ configuration: ModelConfiguration, dtype: DType, device: Device) {
        let half = configuration.headSize / 2
        let base = configuration.ropeBase
        let plain = (0..<half).map { pow(base, -Double($0) / Double(half)) }
        frequencies = configuration.ropeScaling.map { scaling in plain.map(scaling.scaled) } ?? plain
        (self.dtype, self.device) = (dtype == .float64 ? .float64 : .float32, device)
    }

    /// The positions' angles, kept until another range is asked for, or, from the first position on, for good.
    func angles(_ positions: Range<Int>) -> Angles {
        if positions.lowerBound == 0, let whole = ofWholeTexts[positions.count] { return whole }
        if let cached, cached.range == positions { return cached.angles }
        func table(_ function: (Double) -> Double) -> Tensor {
            let rows = positions.flatMap { position in
                let half = frequencies.map { function(Double(position) * $0) }
                return half + half
            }
            return Tensor(rows, shape: [positions.count, frequencies.count * 2]).converted(to: dtype).moved(to: device)
        }
        let angles = Angles(cosine: table(cos), sine: table(sin))
        if positions.lowerBound == 0 { ofWholeTexts[positions.count] = angles } else { cached = (positions, angles) }
        return angles
    }
}

extension RopeScaling {
    /// Llama 3's rule: long wavelengths are stretched by `factor`, short ones stay, those between are blended.
    fileprivate func scaled(_ frequency: Double) -> Double {
        let turns = Double(originalMaximumPositionCount) * frequency / (2 * .pi)
        let blend = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
        let kept = min(1, max(0, blend))
        return kept * frequency + (1 - kept) * frequency / factor
    }
}
