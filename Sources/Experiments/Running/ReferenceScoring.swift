import Checkpoints
import Corpora
import Foundation
import Models
import RunRecords
import Torch
import Training

/// A reference's pass over blocks, once and for all, into a store: what `winnow score` does.
public final class ReferenceScoring {
    public let store: ReferenceLossStore
    public let blocks: PackedBlocks
    /// Which of the blocks are to be scored, in this order.
    public let indices: [Int]
    private let reference: RememberedReference

    /// How the store is kept.
    public struct Output {
        public var url: URL
        public var storedAs: ReferenceLossLayout.Precision
        public var hasEntropies: Bool
        /// Whether what is there is deleted, whatever it is.
        public var isReplacing = false

        public init(_ url: URL, storedAs: ReferenceLossLayout.Precision = .float32, hasEntropies: Bool = false) {
            (self.url, self.storedAs, self.hasEntropies) = (url, storedAs, hasEntropies)
        }

        fileprivate func open(_ key: ReferenceLossKey) throws -> ReferenceLossStore {
            if isReplacing { try ReferenceLossStore.remove(at: url) }
            return try ReferenceLossStore(
                at: url, layout: ReferenceLossLayout(key: key, storedAs: storedAs, hasEntropies: hasEntropies))
        }
    }

    /// A model, or a model with an adapter, over a split's first blocks.
    ///
    /// - Parameters:
    ///   - adapter: a PEFT folder.
    ///   - count: how many blocks; `nil` for all.
    /// - Throws: what opening the files throws; `RunRecordError` where the store is of something else.
    public init(
        _ model: LoadedModel, adapter: URL?, blocks: PackedBlocks, count: Int?, dtype: DType, into output: Output
    ) throws {
        let identity = try ReferenceIdentity(model, adapter: adapter)
        store = try output.open(identity.key(of: blocks, precision: "\(dtype)"))
        reference = RememberedReference(try identity.open(on: model.model), store: store)
        self.blocks = blocks
        indices = Array(0..<min(count ?? blocks.count, blocks.count))
    }

    /// A recipe's reference over the blocks that the recipe's run sees, in its order.
    ///
    /// - Throws: `RunError.noReference` where the recipe has none; what building the run throws; `RunRecordError`.
    public init(_ recipe: Recipe, in workspace: Workspace = Workspace(), into output: Output) throws {
        guard recipe.selection.usesReference, let source = recipe.selection.reference else {
            throw RunError.noReference(recipe: recipe.name)
        }
        var live = recipe
        live.selection.store = nil
        let run = try Run(live, in: workspace)
        let identity = try ReferenceIdentity(source, of: run.loaded)
        blocks = run.trainingBlocks
        indices = run.blocksSeen
        store = try output.open(identity.key(of: blocks, precision: recipe.compute.referencePrecision))
        reference = RememberedReference(
            try identity.open(on: run.loaded, recipe: recipe, in: workspace), store: store)
    }

    /// Scores what the store lacks, and writes its file.
    ///
    /// - Parameter progress: told how many blocks are done, those found in the store included.
    /// - Returns: `.stopped` where `shouldStop` said so: what is scored stays, and the next call goes on.
    public func callAsFunction(
        batchSize: Int, shouldStop: () -> Bool = { false }, progress: (_ blocksDone: Int) -> Void = { _ in }
    ) throws -> TrainingLoop.Outcome {
        for start in stride(from: 0, to: indices.count, by: batchSize) {
            guard !shouldStop() else { return .stopped }
            let batch = blocks.batch(Array(indices[start..<min(start + batchSize, indices.count)]))
            if !reference.remembers(batch) { _ = try reference.losses(of: batch) }
            progress(start + batch.batchSize)
        }
        try store.save()
        return .finished
    }

    /// How many of the blocks are in the store.
    public var doneCount: Int { indices.count { store.contains($0) } }

    /// Mean loss in nats, and entropy where it is kept, over the tokens of these blocks.
    public func means() throws -> (loss: Double, entropy: Double?, tokens: Int) {
        var (loss, entropy, tokens) = (0.0, 0.0, 0)
        for index in indices {
            let row = try store.losses(ofBlock: index)
            loss += row.losses.reduce(0) { $0 + Double($1) }
            entropy += (row.entropies ?? []).reduce(0) { $0 + Double($1) }
            tokens += row.losses.count
        }
        let count = Double(tokens)
        return (loss / count, store.layout.hasEntropies ? entropy / count : nil, tokens)
    }
}
