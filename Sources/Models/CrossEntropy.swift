import Torch

/// Cross-entropy row by row, unrecorded.
package enum CrossEntropy {
    /// - Parameters:
    ///   - logits: `[n, V]`
    ///   - targets: `[n]`, int64
    /// - Returns: loss, log Z and, where asked for, entropy in nats, `[n]`, in float32 or more.
    package static func measure(
        _ logits: Tensor, targets: Tensor, entropy wantsEntropy: Bool
    ) -> (loss: Tensor, normalizer: Tensor, entropy: Tensor?) {
        RowKernels.crossEntropy(logits, targets: targets, entropy: wantsEntropy)
    }

    /// Overwrites logits with the gradient of the summed losses: softmax − one-hot. The columns may be a part of all
    /// classes; a target outside of them is in another part.
    package static func overwriteWithGradient(_ logits: Tensor, targets: Tensor, normalizer: Tensor) {
        RowKernels.crossEntropyBackward(logits, targets: targets, normalizer: normalizer)
    }

    /// Which targets are among `count` classes, and a place for every one of them, `[n, 1]`.
    static func among(_ count: Int, _ targets: Tensor) -> (isHere: Tensor, places: Tensor) {
        let targets = targets.unsqueezed(1)
        let places: Tensor = Operator.clamp(targets, 0, count - 1)
        return (Operator.equal(targets, places), places)
    }
}
