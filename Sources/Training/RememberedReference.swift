import Corpora
import Torch

/// Scores each block once and remembers: arms that see the same blocks share one pass of the reference.
public final class RememberedReference: ReferenceLoss {
    private struct Block {
        var losses: [Float]
        var entropies: [Float]?
    }

    let source: any ReferenceLoss
    private var blocks: [Int: Block] = [:]

    public init(_ source: any ReferenceLoss) { self.source = source }

    /// Whether every block of the batch has been scored, with its entropies where they are wanted.
    public func remembers(_ batch: TokenBatch, entropy: Bool = false) -> Bool {
        batch.blockIndices.allSatisfy { blocks[$0].map { !entropy || $0.entropies != nil } ?? false }
    }

    public func measurements(of batch: TokenBatch, entropy: Bool) throws -> ReferenceMeasurements {
        if !remembers(batch, entropy: entropy) {
            let measured = try source.measurements(of: batch, entropy: entropy)
            let (losses, entropies): ([Float], [Float]?) = (measured.loss.values(), measured.entropy?.values())
            var start = 0
            for (row, block) in batch.blockIndices.enumerated() {
                let places = row * batch.sequenceLength..<(row + 1) * batch.sequenceLength
                let range = start..<start + batch.validMask[places].count { $0 }
                blocks[block] = Block(losses: Array(losses[range]), entropies: entropies.map { Array($0[range]) })
                start = range.upperBound
            }
        }
        return ReferenceMeasurements(
            loss: Tensor(batch.blockIndices.flatMap { blocks[$0]!.losses }),
            entropy: entropy ? Tensor(batch.blockIndices.flatMap { blocks[$0]!.entropies! }) : nil)
    }
}
