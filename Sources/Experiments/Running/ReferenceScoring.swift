import Checkpoints
import Corpora
import Crypto
import Foundation
import Models
import RunRecords
import Torch
import Training

/// A reference's pass over blocks, once and for all, into a store: what `winnow score` does.
///
/// Several ranks take batches in turns, the same ones as a process alone, and rank 0 writes what all have found.
public final class ReferenceScoring {
    /// Rank 0's; no other rank touches the file.
    public let store: ReferenceLossStore?
    public let blocks: BlockSeries
    /// Which of the blocks are to be scored, in this order.
    public let indices: [Int]
    public let ranks: ProcessGroup
    private let reference: LiveReference
    private let layout: ReferenceLossLayout

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

        fileprivate func layout(_ key: ReferenceLossKey) -> ReferenceLossLayout {
            ReferenceLossLayout(key: key, storedAs: storedAs, hasEntropies: hasEntropies)
        }

        fileprivate func open(_ layout: ReferenceLossLayout) throws -> ReferenceLossStore {
            if isReplacing { try ReferenceLossStore.remove(at: url) }
            return try ReferenceLossStore(at: url, layout: layout)
        }
    }

    /// A model, or a model with an adapter, over a split's first blocks.
    ///
    /// - Parameters:
    ///   - adapter: a PEFT folder.
    ///   - count: how many blocks; `nil` for all.
    /// - Throws: what opening the files throws; `RunRecordError` where the store is of something else.
    public init(
        _ model: LoadedModel, adapter: URL?, blocks: PackedBlocks, count: Int?, dtype: DType, into output: Output,
        ranks: ProcessGroup = ProcessGroup()
    ) throws {
        let identity = try ReferenceIdentity(model, adapter: adapter)
        layout = output.layout(identity.key(of: BlockSeries(blocks), precision: "\(dtype)"))
        store = try ranks.isFirst ? output.open(layout) : nil
        reference = try identity.open(on: model.model)
        (self.blocks, self.ranks) = (BlockSeries(blocks), ranks)
        indices = Array(0..<min(count ?? blocks.count, blocks.count))
    }

    /// A recipe's reference over the blocks that the recipe's run sees, in its order, and then those that its probes ask for
    /// besides.
    ///
    /// - Throws: `RunError.noReference` where the recipe has none; what building the run throws; `RunRecordError`.
    public init(
        _ recipe: Recipe, in workspace: Workspace = Workspace(), into output: Output, ranks: ProcessGroup = ProcessGroup()
    ) throws {
        guard recipe.selection.usesReference, let source = recipe.selection.reference else {
            throw RunError.noReference(recipe: recipe.name)
        }
        var live = recipe
        live.selection.store = nil
        live.compute = try recipe.compute.placed(for: ranks)
        // Its blocks are wanted, not its steps, which ranks might not be able to share.
        let run = try Run(live, in: workspace)
        recipe.compute.setThreads(for: ranks)
        self.ranks = ranks
        let identity = try ReferenceIdentity(source, of: run.loaded)
        blocks = run.trainingBlocks
        let probed = 0..<min(recipe.training.probeBlocks, blocks.count)
        indices = run.blocksSeen + Set(probed).subtracting(run.blocksSeen).sorted()
        layout = output.layout(identity.key(of: blocks, precision: recipe.compute.referencePrecision))
        store = try ranks.isFirst ? output.open(layout) : nil
        reference = try identity.open(on: run.loaded, recipe: live, in: workspace)
    }

    /// Scores what the store lacks, and writes its file.
    ///
    /// - Parameter progress: told how many blocks are done, those found in the store included.
    /// - Returns: `.stopped` where `shouldStop` said so, on whichever rank: what is scored stays, and the next call goes on.
    /// - Throws: what scoring and writing throw; `RankError`.
    public func callAsFunction(
        batchSize: Int, shouldStop: () -> Bool = { false }, progress: (_ blocksDone: Int) -> Void = { _ in }
    ) throws -> TrainingLoop.Outcome {
        try agree(batchSize: batchSize)
        let batches = try unfinished(batchSize: batchSize)
        var done = indices.count - batches.reduce(0) { $0 + $1.count }
        for turn in stride(from: 0, to: batches.count, by: ranks.count) {
            guard try !ranks.anyRank(shouldStop(), "asking whether to stop") else { return .stopped }
            let shared = batches[turn..<min(turn + ranks.count, batches.count)].map { blocks.batch(Array($0)) }
            let own = ranks.rank < shared.count ? shared[ranks.rank] : nil
            let scored = own.map { ScoredBatch($0, by: reference, hasEntropies: layout.hasEntropies) }
            for (batch, bytes) in zip(shared, try ranks.gather(scored?.bytes ?? [], "joining losses")) {
                let scored = ScoredBatch(bytes: bytes)
                // Ranks work at the same time, and a store's seconds are those that a run would have waited.
                let seconds = scored.seconds / Double(batch.batchSize * ranks.count)
                for row in scored.measurements(hasEntropies: layout.hasEntropies).rows(of: batch) {
                    try store?.append(row, seconds: seconds)
                }
            }
            done += shared.reduce(0) { $0 + $1.batchSize }
            progress(done)
        }
        try store?.save()
        // What the first writes may fail, and then the scoring has failed on all.
        try ranks.barrier("writing the store")
        return .finished
    }

    private func agree(batchSize: Int) throws {
        let key = layout.key
        try RankAgreement([
            "text": key.tokens, "block length": "\(key.blockLength)", "separator": key.separatorID.map { "\($0)" } ?? "none",
            "split": key.tail, "model": key.model, "adapter": key.adapter ?? "none", "precision": key.precision,
            "choice of entropies": "\(layout.hasEntropies)", "batch size": "\(batchSize)",
            "list of blocks": indices.withUnsafeBytes { "\(SHA256.hash(data: Data($0)))" },
        ]).check(among: ranks)
    }

    /// The batches of which the store lacks a block. A batch is always the same blocks, so that its losses are the same bits.
    private func unfinished(batchSize: Int) throws -> [ArraySlice<Int>] {
        let batches = stride(from: 0, to: indices.count, by: batchSize).map {
            indices[$0..<min($0 + batchSize, indices.count)]
        }
        let marks = batches.map { batch in store.map { store in batch.allSatisfy(store.contains) } == true ? UInt8(1) : 0 }
        return zip(batches, try ranks.broadcast(marks, "comparing what is scored")).filter { $0.1 == 0 }.map(\.0)
    }

    /// How many of the blocks are in the store.
    public var doneCount: Int { store.map { store in indices.count { store.contains($0) } } ?? 0 }

    /// Mean loss in nats, and entropy where it is kept, over the tokens of these blocks.
    ///
    /// - Precondition: this is rank 0.
    public func means() throws -> (loss: Double, entropy: Double?, tokens: Int) {
        guard let store else { preconditionFailure("rank 0 alone has the store") }
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
