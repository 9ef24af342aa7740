import Torch

/// The language-model head and cross-entropy in one, so that `[N, V]` logits never stand in memory whole unless they
/// fit a stated budget.
///
/// Scoring comes first, selection after, and backward last from the selected rows only:
/// ```swift
/// let scored = head.score(hidden.detached(), targets: targets)   // every token's loss
/// let rows = …                                                  // which of them carry the loss
/// try hidden.rows(rows).backward(gradient: scored.gradient(ofRows: rows))
/// ```
public struct LossHead {
    /// `[V, D]`
    public let weight: Tensor
    /// Bytes of logits that may stand in memory at once. Within it the scored logits are kept for the backward pass;
    /// beyond it they are computed again for the selected rows.
    public let logitBudget: Int

    public init(weight: Tensor, logitBudget: Int = 256 << 20) {
        (self.weight, self.logitBudget) = (weight, logitBudget)
    }

    /// Loss, and entropy where asked for, of every token.
    ///
    /// - Parameters:
    ///   - hidden: `[N, D]`. Not differentiated here.
    ///   - targets: `[N]`, int64.
    public func score(_ hidden: Tensor, targets: Tensor, entropy wantsEntropy: Bool = false, keepingLogits: Bool = true) -> Scored
    {
        withoutGradient {
            let hidden = hidden.detached()
            let count = hidden.size(0)
            let keepsLogits = keepingLogits && count <= rowsPerChunk
            var (losses, entropies, normalizers, kept): ([Tensor], [Tensor], [Tensor], Tensor?) = ([], [], [], nil)
            for rows in chunks(count) {
                let logits = logits(hidden.slice(rows))
                let measured = CrossEntropy.measure(logits, targets: targets.slice(rows), entropy: wantsEntropy)
                losses.append(measured.loss)
                normalizers.append(measured.normalizer)
                if let entropy = measured.entropy { entropies.append(entropy) }
                if keepsLogits { kept = logits }
            }
            return Scored(
                head: self, hidden: hidden, targets: targets, loss: .concatenated(losses),
                entropy: wantsEntropy ? .concatenated(entropies) : nil, normalizer: .concatenated(normalizers), logits: kept)
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
        private var logits: Tensor?

        fileprivate init(
            head: LossHead, hidden: Tensor, targets: Tensor, loss: Tensor, entropy: Tensor?, normalizer: Tensor, logits: Tensor?
        ) {
            (self.head, self.hidden, self.targets) = (head, hidden, targets)
            (self.loss, self.entropy, self.normalizer, self.logits) = (loss, entropy, normalizer, logits)
        }

        /// The gradient of the *sum* of some rows' losses, and, where the head is trained, its accumulation into the
        /// head's own gradient. Can be taken once: it overwrites the kept logits.
        ///
        /// - Parameters:
        ///   - rows: `[k]`, int64.
        ///   - scale: what the sum is multiplied by.
        /// - Returns: with respect to those rows' hidden states, `[k, D]`
        public func gradient(ofRows rows: Tensor, scale: Double = 1) -> Tensor {
            withoutGradient {
                let selected = hidden.rows(rows)
                let targets = targets.rows(rows)
                let normalizer = normalizer.rows(rows)
                let kept = logits.map { rows.size(0) == $0.size(0) ? $0 : $0.rows(rows) }
                logits = nil
                return .concatenated(
                    head.chunks(rows.size(0)).map { range in
                        let error = kept?.slice(range) ?? head.logits(selected.slice(range))
                        CrossEntropy.overwriteWithGradient(
                            error, targets: targets.slice(range), normalizer: normalizer.slice(range))
                        if scale != 1 { error *= scale }
                        head.accumulate(error, selected.slice(range))
                        return error.timesTransposed(head.weight.transpose)
                    })
            }
        }
    }

    private func logits(_ hidden: Tensor) -> Tensor { hidden.timesTransposed(weight) }

    private func accumulate(_ error: Tensor, _ hidden: Tensor) {
        guard weight.requiresGradient else { return }
        let gradient = error.transpose.matmul(hidden)  // [V, D]
        if let before = weight.gradient { before += gradient } else { weight.gradient = gradient }
    }

    private var rowsPerChunk: Int { max(1, logitBudget / (weight.size(0) * weight.dtype.byteCount)) }

    /// At least one, so that no rows give empty results.
    private func chunks(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: max(1, count), by: rowsPerChunk).map { $0..<min(count, $0 + rowsPerChunk) }
    }
}
