import Torch

/// Cross-entropy row by row, unrecorded: by the row kernels where they take the logits, else by libtorch's operators.
package enum CrossEntropy {
    /// - Parameters:
    ///   - logits: `[n, V]`
    ///   - targets: `[n]`, int64
    /// - Returns: loss, log Z and, where asked for, entropy in nats, `[n]`
    package static func measure(
        _ logits: Tensor, targets: Tensor, entropy wantsEntropy: Bool
    ) -> (loss: Tensor, normalizer: Tensor, entropy: Tensor?) {
        guard !RowKernels.accept(logits) else {
            return RowKernels.crossEntropy(logits, targets: targets, entropy: wantsEntropy)
        }
        return plainMeasure(logits, targets: targets, entropy: wantsEntropy)
    }

    /// Overwrites logits with the gradient of the summed losses: softmax − one-hot. The columns may be a part of all
    /// classes; a target outside of them is in another part.
    package static func overwriteWithGradient(_ logits: Tensor, targets: Tensor, normalizer: Tensor) {
        guard !RowKernels.accept(logits) else {
            return RowKernels.crossEntropyBackward(logits, targets: targets, normalizer: normalizer)
        }
        plainOverwriteWithGradient(logits, targets: targets, normalizer: normalizer)
    }

    /// The oracle of the kernel, and what runs on other devices and types.
    package static func plainMeasure(
        _ logits: Tensor, targets: Tensor, entropy wantsEntropy: Bool
    ) -> (loss: Tensor, normalizer: Tensor, entropy: Tensor?) {
        let logits = logits.dtype == .float64 ? logits : logits.converted(to: .float32)
        let normalizer: Tensor = Operator.logSumExp(logits, [1], true)  // [n, 1]
        let target: Tensor = Operator.gather(logits, 1, targets.unsqueezed(1))
        let loss = (normalizer - target).reshaped([-1])
        guard wantsEntropy else { return (loss, normalizer.reshaped([-1]), nil) }
        // H = log Z − Σ p·logit
        let expected = ((logits - normalizer).exponential() * logits).sum(along: 1, keepingDimension: true)
        return (loss, normalizer.reshaped([-1]), (normalizer - expected).reshaped([-1]))
    }

    package static func plainOverwriteWithGradient(_ logits: Tensor, targets: Tensor, normalizer: Tensor) {
        logits -= normalizer.unsqueezed(1)
        Operator.exponentialInPlace(logits) as Void
        let (isHere, places) = among(logits.size(1), targets)
        Operator.scatterAddInPlace(logits, 1, places, isHere.converted(to: logits.dtype) * -1.0) as Void
    }

    /// Which targets are among `count` classes, and a place for every one of them, `[n, 1]`.
    static func among(_ count: Int, _ targets: Tensor) -> (isHere: Tensor, places: Tensor) {
        let targets = targets.unsqueezed(1)
        let places: Tensor = Operator.clamp(targets, 0, count - 1)
        return (Operator.equal(targets, places), places)
    }
}
