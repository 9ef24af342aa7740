import Checkpoints
import Corpora
import Foundation
import Models
import RunRecords
import TokenSelection
import Torch
import Training

/// How far a store's losses and a live reference's lead to the same tokens: what rounding, or another machine, costs.
public struct StoreComparison: Codable, Sendable, Equatable {
    /// Of the tokens that either selects by top-k excess loss, the share that both do, over all micro-batches.
    public var jaccard: Double
    public var selectedTokens: Int
    public var tokens: Int
    public var largestDifference: Double
    public var meanDifference: Double

    /// - Parameters:
    ///   - store: of `model` with `adapter`, on these blocks.
    ///   - student: a PEFT folder of the adapter whose loss is compared with the reference's; `nil` for the model alone.
    ///   - count: how many blocks, the first ones of the store.
    ///   - batchSize: blocks in a micro-batch, in which the tokens compete.
    /// - Throws: `RunRecordError.foreignReferenceLosses` where the store is of something else.
    public init(
        _ store: ReferenceLossFile, with model: LoadedModel, adapter: URL?, student: URL?, blocks: PackedBlocks, dtype: DType,
        ratio: Double, count: Int?, batchSize: Int, progress: (_ blocksDone: Int, _ count: Int) -> Void = { _, _ in }
    ) throws {
        let identity = try ReferenceIdentity(model, adapter: adapter)
        let stored = try StoredReference(store, key: identity.key(of: BlockSeries(blocks), precision: "\(dtype)"))
        let live = try identity.open(on: model.model)
        let student = try ReferenceIdentity(model, adapter: student).open(on: model.model)
        let selector = try TokenSelector(score: ExcessLossScore(), policy: TopKPolicy(), ratio: ratio)
        let indices = store.blocks.prefix(count ?? .max).map(Int.init)

        var (both, either, total, selected) = (0, 0, 0, 0)
        var (largest, sum) = (0.0, 0.0)
        for start in stride(from: 0, to: indices.count, by: batchSize) {
            let batch = blocks.batch(Array(indices[start..<min(start + batchSize, indices.count)]))
            let loss = try student.losses(of: batch)
            let references = try [stored.losses(of: batch), live.losses(of: batch)]
            let picks = try references.map { reference in
                Set(
                    try selector.select(
                        TokenMeasurements(loss: loss, referenceLoss: reference), groups: [batch.validCount],
                        noise: Generator(seed: 0)
                    ).indices)
            }
            both += picks[0].intersection(picks[1]).count
            either += picks[0].union(picks[1]).count
            selected += picks[1].count
            total += batch.validCount
            let (first, second): ([Float], [Float]) = (references[0].values(), references[1].values())
            for (first, second) in zip(first, second) {
                let difference = abs(Double(first) - Double(second))
                largest = max(largest, difference)
                sum += difference
            }
            progress(start + batch.batchSize, indices.count)
        }
        (jaccard, selectedTokens, tokens) = (Double(both) / Double(either), selected, total)
        (largestDifference, meanDifference) = (largest, sum / Double(total))
    }
}
