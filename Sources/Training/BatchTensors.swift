import Corpora
import Torch

/// A batch on the device, and where its valid tokens are.
struct BatchTensors {
    /// `[B, T]`, int64
    let inputIDs: Tensor
    /// Places of the valid positions among the B·T, `[N]`, int64.
    let validRows: Tensor
    /// What the valid positions predict, `[N]`, int64.
    let targets: Tensor
    /// Valid tokens of each block, in order.
    let validPerBlock: [Int]

    var validCount: Int { validPerBlock.reduce(0, +) }

    init(_ batch: TokenBatch, on device: Device) {
        let valid = batch.validMask.indices.filter { batch.validMask[$0] }
        inputIDs = Tensor(batch.inputIDs.map(Int64.init), shape: [batch.batchSize, batch.sequenceLength], on: device)
        validRows = Tensor(valid, on: device)
        targets = Tensor(valid.map { Int64(batch.targetIDs[$0]) }, on: device)
        var counts = [Int](repeating: 0, count: batch.batchSize)
        for place in valid { counts[place / batch.sequenceLength] += 1 }
        validPerBlock = counts
    }

    init(inputIDs: Tensor, validRows: Tensor, targets: Tensor, validPerBlock: [Int]) {
        (self.inputIDs, self.validRows, self.targets, self.validPerBlock) = (inputIDs, validRows, targets, validPerBlock)
    }

    /// `[B, T, D] → [N, D]`: the hidden states that predict something.
    func valid(_ hidden: Tensor) -> Tensor {
        hidden.reshaped([-1, hidden.size(2)]).rows(validRows)
    }
}
