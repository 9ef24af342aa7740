import Corpora
import Models
import Torch

/// What a reference model says of each valid token of a batch: `[N]`, float32, in nats, in order.
public struct ReferenceMeasurements {
    /// Its cross-entropy.
    public var loss: Tensor
    /// The entropy of its prediction, where it was asked for.
    public var entropy: Tensor?

    public init(loss: Tensor, entropy: Tensor? = nil) { (self.loss, self.entropy) = (loss, entropy) }
}

/// Where the reference model's loss of each token comes from.
public protocol ReferenceLoss: AnyObject {
    /// - Parameter entropy: whether the entropies are wanted too.
    /// - Throws: where the source doesn't have what is asked for.
    func measurements(of batch: TokenBatch, entropy: Bool) throws -> ReferenceMeasurements
}

extension ReferenceLoss {
    /// The loss of each valid token of `batch`, `[N]`.
    public func losses(of batch: TokenBatch) throws -> Tensor { try measurements(of: batch, entropy: false).loss }
}

/// A frozen model that scores each batch as it comes. The base is the student's own model with the adapter left out.
public final class LiveReference: ReferenceLoss {
    private let model: any CausalLM
    private let adapter: LoRAAdapter?
    private let head: LossHead

    /// - Parameter adapter: `nil` for the model itself.
    public init(_ model: any CausalLM, adapter: LoRAAdapter? = nil) {
        (self.model, self.adapter) = (model, adapter)
        head = LossHead(weight: model.headWeight)
    }

    public func measurements(of batch: TokenBatch, entropy: Bool) -> ReferenceMeasurements {
        withoutGradient {
            let tensors = BatchTensors(batch, on: model.headWeight.device)
            let hidden = tensors.valid(model.hiddenStates(tensors.inputIDs, adapter: adapter))
            let scored = head.score(hidden, targets: tensors.targets, entropy: entropy)
            return ReferenceMeasurements(loss: scored.loss, entropy: scored.entropy)
        }
    }
}
