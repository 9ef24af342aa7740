import Torch

/// The language-model head and cross-entropy in one, a part of the vocabulary at a time.
///
/// Scoring comes first, selection after, and backward last from the selected rows only. Their logits are those of scoring where
/// a gradient is announced and few enough are in memory whole, `[N, V]`; else they are computed again.
/// ```swift
/// let scored = head.score(hidden.detached(), targets: targets, forGradient: true)   // every token's loss
/// let rows = …                                                  // which of them carry the loss
/// try hidden.rows(rows).backward(gradient: scored.gradient(ofRows: rows))
/// ```
public struct LossHead {
    /// `[V, D]`
    public let weight: Tensor
    /// Bytes of logits that are computed at once.
    public let logitBudget: Int
    /// Bytes of logits that are kept from scoring to backward, where all of them are that few.
    public let keptBudget: Int

    /// - Parameters:
    ///   - logitBudget: `nil` takes as many as stay in a processor's cache; on a GPU, enough for products that fill it.
    ///   - keptBudget: 128 MiB: those of 680 tokens with the default model's vocabulary.
    public init(weight: Tensor, logitBudget: Int? = nil, keptBudget: Int = 128 << 20) {
        (self.weight, self.logitBudget) = (weight, logitBudget ?? (weight.device == .cpu ? 8 << 20 : 256 << 20))
        self.keptBudget = keptBudget
    }

    /// Loss, and entropy where asked for, of every token.
    ///
    /// - Parameters:
    ///   - hidden: `[N, D]`. Not differentiated here.
    ///   - targets: `[N]`, int64, each one of V classes.
    ///   - forGradient: whether `gradient(ofRows:)` will be asked for.
    public func score(
        _ hidden: Tensor, targets: Tensor, entropy wantsEntropy: Bool = false, forGradient: Bool = false
    ) -> Scored {
        withoutGradient {
            let hidden = hidden.detached()
            // A target that no part has is no class: its loss is NaN.
            var target = Tensor.full([hidden.size(0), 1], .nan, dtype: .float64, on: hidden.device)
            var (normalizers, expectations, kept): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
            let keeps = forGradient && hidden.size(0) * weight.size(0) * weight.dtype.byteCount <= keptBudget
            for classes in parts(of: hidden.size(0)) {
                let logits = logits(hidden, classes)
                if keeps { kept.append(logits) }
                let (isHere, places) = self.places(of: shifted(targets, classes), among: classes.count)
                let part = RowKernels.crossEntropy(logits, targets: places.reshaped([-1]), entropy: wantsEntropy)
                let found: Tensor = Operator.gather(logits, 1, places)
                target = Operator.whereSelf(isHere, found.converted(to: .float64), target)
                normalizers.append(part.normalizer.converted(to: .float64).unsqueezed(1))
                // Σ p·logit = log Z − H, with p of this part alone
                if let entropy = part.entropy {
                    expectations.append((part.normalizer - entropy).converted(to: .float64).unsqueezed(1))
                }
            }
            let ofParts = Tensor.concatenated(normalizers, along: 1)
            let normalizer: Tensor = Operator.logSumExp(ofParts, [1], true)  // [N, 1]
            let dtype: DType = hidden.dtype == .float64 ? .float64 : .float32
            func column(_ values: Tensor) -> Tensor { values.reshaped([-1]).converted(to: dtype) }
            let entropy =
                wantsEntropy
                ? column(
                    normalizer
                        - ((ofParts - normalizer).exponential() * Tensor.concatenated(expectations, along: 1))
                        .sum(along: 1, keepingDimension: true)) : nil
            return Scored(
                head: self, hidden: hidden, targets: targets, loss: column(normalizer - target), entropy: entropy,
                normalizer: column(normalizer), logits: kept)
        }
    }

    /// What scoring found, and what backward needs of it.
    public final class Scored {
        /// Each token's cross-entropy in nats, `[N]`, unreduced.
        public let loss: Tensor
        /// Entropy of each predicted distribution in nats, `[N]`.
        public let entropy: Tensor?

        private let head: LossHead
        private let hidden: Tensor
        private let targets: Tensor
        /// log Z, `[N]`
        private let normalizer: Tensor
        /// Of each part of the vocabulary, `[N, classes]`; empty where they weren't kept.
        private let logits: [Tensor]

        fileprivate init(
            head: LossHead, hidden: Tensor, targets: Tensor, loss: Tensor, entropy: Tensor?, normalizer: Tensor, logits: [Tensor]
        ) {
            (self.head, self.hidden, self.targets) = (head, hidden, targets)
            (self.loss, self.entropy, self.normalizer, self.logits) = (loss, entropy, normalizer, logits)
        }

        /// The gradient of the *sum* of some rows' losses, and, where the head is trained, its accumulation into the
        /// head's own gradient.
        ///
        /// - Parameters:
        ///   - rows: `[k]`, int64.
        ///   - scale: what the sum is multiplied by.
        /// - Returns: with respect to those rows' hidden states, `[k, D]`
        public func gradient(ofRows rows: Tensor, scale: Double = 1) -> Tensor {
            withoutGradient {
                let (hidden, targets, normalizer) = (hidden.rows(rows), targets.rows(rows), normalizer.rows(rows))
                let result = Tensor.zeros(hidden.shape, dtype: hidden.dtype, on: hidden.device)
                // Kept ones are of the parts that all tokens were scored in.
                for (index, classes) in head.parts(of: logits.isEmpty ? rows.size(0) : self.hidden.size(0)).enumerated() {
                    let error = logits.isEmpty ? head.logits(hidden, classes) : logits[index].rows(rows)
                    RowKernels.crossEntropyBackward(
                        error, targets: head.shifted(targets, classes), normalizer: normalizer)
                    if scale != 1 { error *= scale }
                    head.accumulate(error, hidden, classes)
                    result += error.times(head.weight.slice(classes))
                }
                return result
            }
        }
    }

    /// `[n, classes]`
    private func logits(_ hidden: Tensor, _ classes: Range<Int>) -> Tensor {
        hidden.timesTransposed(weight.slice(classes))
    }

    /// Targets counted from the first of `classes`.
    private func shifted(_ targets: Tensor, _ classes: Range<Int>) -> Tensor {
        classes.lowerBound == 0 ? targets : Operator.addScalar(targets, -classes.lowerBound)
    }

    /// Which targets are among `count` classes, and a place for every one of them, `[n, 1]`.
    private func places(of targets: Tensor, among count: Int) -> (isHere: Tensor, places: Tensor) {
        let targets = targets.unsqueezed(1)
        let places: Tensor = Operator.clamp(targets, 0, count - 1)
        return (Operator.equal(targets, places), places)
    }

    private func accumulate(_ error: Tensor, _ hidden: Tensor, _ classes: Range<Int>) {
        guard weight.requiresGradient else { return }
        if weight.gradient == nil { weight.gradient = .zeros(weight.shape, dtype: weight.dtype, on: weight.device) }
        weight.gradient!.slice(classes).assign(weight.gradient!.slice(classes) + error.transpose.matmul(hidden))
    }

    /// Parts of the vocabulary whose logits fit the budget.
    private func parts(of rows: Int) -> [Range<Int>] {
        let vocabulary = weight.size(0)
        // A power of two, so that the widths of parts are few, however the number of rows changes.
        let most = max(1, logitBudget / (max(1, rows) * weight.dtype.byteCount))
        let fitting = 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
        // Even parts, and whole vectors: a narrow last part is a slow product.
        let count = (vocabulary + fitting - 1) / fitting
        let even = (vocabulary + count - 1) / count
        let width = even > 64 ? (even + 63) / 64 * 64 : even
        return stride(from: 0, to: vocabulary, by: width).map { $0..<min(vocabulary, $0 + width) }
    }
}
