import Corpora
import Models
import Torch

/// Where the reference model's loss of each token comes from.
public protocol ReferenceLoss: AnyObject {
    /// The loss of each valid token of `batch`, `[N]`, float32, in order.
    func losses(of batch: TokenBatch) throws -> Tensor
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

    public func losses(of batch: TokenBatch) -> Tensor {
        withoutGradient {
            let tensors = BatchTensors(batch, on: model.headWeight.device)
            let hidden = tensors.valid(model.hiddenStates(tensors.inputIDs, adapter: adapter))
            return head.score(hidden, targets: tensors.targets).loss
        }
    }
}

/// Scores each block once and remembers: arms that see the same blocks share one pass of the reference.
public final class RememberedReference: ReferenceLoss {
    private let source: any ReferenceLoss
    private var blocks: [Int: [Float]] = [:]

    public init(_ source: any ReferenceLoss) { self.source = source }

    /// Whether every block of the batch has been scored.
    public func remembers(_ batch: TokenBatch) -> Bool { batch.blockIndices.allSatisfy { blocks[$0] != nil } }

    public func losses(of batch: TokenBatch) throws -> Tensor {
        if !remembers(batch) {
            let losses: [Float] = try source.losses(of: batch).values()
            var start = 0
            for (row, block) in batch.blockIndices.enumerated() {
                let places = row * batch.sequenceLength..<(row + 1) * batch.sequenceLength
                let count = batch.validMask[places].count { $0 }
                blocks[block] = Array(losses[start..<start + count])
                start += count
            }
        }
        return Tensor(batch.blockIndices.flatMap { blocks[$0]! })
    }
}
