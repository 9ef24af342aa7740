import Corpora
import RunRecords
import Torch

/// Reads a reference's losses from a store: no reference model is loaded, and a step costs no pass of one.
public final class StoredReference: ReferenceLoss {
    public let file: ReferenceLossFile

    /// - Parameter key: what the run's own reference, data and arithmetic are.
    /// - Throws: `RunRecordError.foreignReferenceLosses` with everything in which the store differs from it.
    public init(_ file: ReferenceLossFile, key: ReferenceLossKey) throws {
        try file.require(key)
        self.file = file
    }

    /// - Throws: `RunRecordError.blockNotStored`; `TrainingError.noStoredEntropies`.
    public func measurements(of batch: TokenBatch, entropy: Bool) throws -> ReferenceMeasurements {
        guard !entropy || file.layout.hasEntropies else { throw TrainingError.noStoredEntropies(file: file.url.path) }
        return try ReferenceMeasurements(rows: batch.blockIndices.map(file.losses), of: batch, entropy: entropy)
    }
}

extension ReferenceMeasurements {
    /// - Precondition: the rows are the batch's blocks, in order, and hold entropies where they are wanted.
    init(rows: [ReferenceLossRow], of batch: TokenBatch, entropy: Bool) {
        for (row, stored) in rows.enumerated() {
            let valid = batch.validMask[row * batch.sequenceLength..<(row + 1) * batch.sequenceLength]
            precondition(
                valid.count { $0 } == stored.losses.count,
                "block \(stored.block) has \(stored.losses.count) losses for \(valid.count { $0 }) valid tokens")
        }
        self.init(loss: Tensor(rows.flatMap(\.losses)), entropy: entropy ? Tensor(rows.flatMap { $0.entropies! }) : nil)
    }

    /// Its rows, one a block of the batch it measured.
    package func rows(of batch: TokenBatch) -> [ReferenceLossRow] {
        let (losses, entropies): ([Float], [Float]?) = (loss.values(), entropy?.values())
        var start = 0
        return batch.blockIndices.enumerated().map { row, block in
            let places = row * batch.sequenceLength..<(row + 1) * batch.sequenceLength
            let range = start..<start + batch.validMask[places].count { $0 }
            start = range.upperBound
            return ReferenceLossRow(
                block: block, losses: Array(losses[range]), entropies: entropies.map { Array($0[range]) })
        }
    }
}
