import Corpora
import RunRecords
import Torch

/// Scores each block once and remembers: arms that see the same blocks share one pass of the reference. Where it has a store,
/// it remembers on disk, and so does the next process.
public final class RememberedReference: ReferenceLoss {
    private let source: () throws -> any ReferenceLoss
    /// Made when the first block has to be scored, which may be never.
    private var opened: (any ReferenceLoss)?
    private let measuresEntropy: Bool
    private let store: ReferenceLossStore?
    /// What is remembered in memory, where there is no store.
    private var rows: [Int: ReferenceLossRow] = [:]
    private var seconds = 0.0
    /// Blocks that a run will ask for and that aren't stored yet.
    private var awaited: Set<Int> = []

    /// - Parameters:
    ///   - entropy: whether every block's entropies are measured with its losses, since a run will ask for both.
    ///   - store: of the same reference; its layout says whether entropies are measured.
    public init(
        _ source: @autoclosure @escaping () throws -> any ReferenceLoss, entropy: Bool = false,
        store: ReferenceLossStore? = nil
    ) {
        (self.source, measuresEntropy, self.store) = (source, store?.layout.hasEntropies ?? entropy, store)
    }

    /// The same reference with a memory of its own, which is empty and not on disk.
    func withoutMemory() -> RememberedReference {
        RememberedReference(try self.opened ?? self.source(), entropy: measuresEntropy)
    }

    /// Whether it remembers on disk.
    public var isStored: Bool { store != nil }

    /// Whether every block of the batch has been scored.
    public func remembers(_ batch: TokenBatch) -> Bool { batch.blockIndices.allSatisfy(remembers) }

    private func remembers(_ block: Int) -> Bool { store?.contains(block) ?? (rows[block] != nil) }

    /// Has the store's file written as soon as all of these blocks are scored, which may be at once.
    public func expect(_ blocks: some Sequence<Int>) throws {
        awaited = Set(blocks).filter { !remembers($0) }
        if awaited.isEmpty { try store?.save() }
    }

    /// Wall time that the reference takes for a block, over all that were scored; 0 where none was.
    public var secondsPerBlock: Double {
        let (total, count) = store.map { ($0.scoringSeconds, $0.count) } ?? (seconds, rows.count)
        return count > 0 ? total / Double(count) : 0
    }

    /// - Throws: what opening the reference, scoring and writing throw; `TrainingError.noStoredEntropies`.
    public func measurements(of batch: TokenBatch, entropy: Bool) throws -> ReferenceMeasurements {
        if let store, entropy, !measuresEntropy { throw TrainingError.noStoredEntropies(file: store.url.path) }
        let lacksEntropy = entropy && !measuresEntropy && batch.blockIndices.contains { rows[$0]?.entropies == nil }
        if lacksEntropy || !remembers(batch) { try score(batch, entropy: entropy || measuresEntropy) }
        return try ReferenceMeasurements(
            rows: batch.blockIndices.map { try store?.losses(ofBlock: $0) ?? rows[$0]! }, of: batch, entropy: entropy)
    }

    private func score(_ batch: TokenBatch, entropy: Bool) throws {
        let source = try opened ?? self.source()
        opened = source
        let began = ContinuousClock.now
        let scored = try source.measurements(of: batch, entropy: entropy).rows(of: batch)
        let share = (ContinuousClock.now - began) / .seconds(1) / Double(scored.count)
        for row in scored {
            guard let store else {
                if rows[row.block] == nil { seconds += share }
                rows[row.block] = row
                continue
            }
            try store.append(row, seconds: share)
            if awaited.remove(row.block) != nil, awaited.isEmpty { try store.save() }
        }
    }
}
