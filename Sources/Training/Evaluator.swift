import Corpora
import Models
import RunRecords
import Torch

/// Every token's loss on a split, without dropout.
public struct Evaluator {
    public let model: any CausalLM
    public let adapter: LoRAAdapter?

    public init(_ model: any CausalLM, adapter: LoRAAdapter? = nil) { (self.model, self.adapter) = (model, adapter) }

    /// Goes over all batches once.
    ///
    /// - Parameter progress: told the number of blocks done.
    public func tokenLosses(
        over batches: EvaluationBatches, progress: (_ blocksDone: Int) throws -> Void = { _ in }
    ) throws -> TokenLosses {
        let (blocks, length) = (batches.blockCount, batches.blocks.blockLength)
        var losses = [Float](repeating: 0, count: blocks * length)
        var mask = [Bool](repeating: false, count: blocks * length)
        var inputIDs = [Int32](repeating: 0, count: blocks * length)
        var documents: [Int32] = []
        let head = LossHead(weight: model.headWeight)
        var done = 0
        for batch in batches {
            let measured: [Float] = withoutGradient {
                let tensors = BatchTensors(batch, on: model.headWeight.device)
                let hidden = tensors.valid(model.hiddenStates(tensors.inputIDs, adapter: adapter))
                return head.score(hidden, targets: tensors.targets).loss.values()
            }
            let start = done * length
            var next = 0
            for place in batch.inputIDs.indices {
                inputIDs[start + place] = batch.inputIDs[place]
                guard batch.validMask[place] else { continue }
                // A token's loss stands at its own place, one after the position that predicts it.
                losses[start + place + 1] = measured[next]
                mask[start + place + 1] = true
                next += 1
            }
            documents += (0..<batch.batchSize).map { batch.documentIDs[$0 * length] }
            done += batch.batchSize
            try progress(done)
        }
        return try TokenLosses(
            rows: blocks, positions: length, losses: losses, mask: mask, inputIDs: inputIDs, documents: documents)
    }
}
