import Corpora
import Models
import RunRecords
import Torch

/// Every token's loss on a split, without dropout.
public struct Evaluator {
    public let model: any CausalLM
    public let adapter: LoRAAdapter?
    /// Who share the batches, one after another in turns; each gets all losses.
    public let ranks: ProcessGroup

    public init(_ model: any CausalLM, adapter: LoRAAdapter? = nil, ranks: ProcessGroup = ProcessGroup()) {
        (self.model, self.adapter, self.ranks) = (model, adapter, ranks)
    }

    /// Goes over all batches once.
    ///
    /// - Parameter progress: told the number of blocks done, on all ranks equally often: each time that all have had their turn.
    /// - Throws: what `progress` throws; `RankError.lost`.
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
        for (number, batch) in batches.enumerated() {
            let turn = number % ranks.count
            // Another rank's losses are 0 here until all are joined.
            var measured: [Float]?
            if turn == ranks.rank {
                measured = withoutGradient {
                    let tensors = BatchTensors(batch, on: model.headWeight.device)
                    let hidden = tensors.valid(model.hiddenStates(tensors.inputIDs, adapter: adapter))
                    return head.score(hidden, targets: tensors.targets).loss.values()
                }
            }
            let start = done * length
            var next = 0
            for place in batch.inputIDs.indices {
                inputIDs[start + place] = batch.inputIDs[place]
                guard batch.validMask[place] else { continue }
                // A token's loss stands at its own place, one after the position that predicts it.
                losses[start + place + 1] = measured?[next] ?? 0
                mask[start + place + 1] = true
                next += 1
            }
            documents += (0..<batch.batchSize).map { batch.documentIDs[$0 * length] }
            done += batch.batchSize
            if turn == ranks.count - 1 || done == blocks { try progress(done) }
        }
        if ranks.count > 1 {
            let joined = Tensor(losses)
            try ranks.sum(joined, "joining an evaluation's losses")
            losses = joined.values()
        }
        return try TokenLosses(
            rows: blocks, positions: length, losses: losses, mask: mask, inputIDs: inputIDs, documents: documents)
    }
}
