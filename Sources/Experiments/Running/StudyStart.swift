import Checkpoints
import Foundation
import RunRecords
import Training

/// The loss of the model before any training on every split, measured once and kept in the study's `start` folder. A fresh
/// adapter adds nothing, so it is every fresh run's start.
struct StudyStart {
    let evaluations: [EvaluationRecord]
    private let key: String

    /// Reads what an earlier process measured, or measures.
    ///
    /// - Parameter onEvaluation: told how many blocks of a split are done; what it throws ends the measurement.
    init(_ run: Run, in folder: RunDirectory, onEvaluation: (String, Int, Int) throws -> Void) throws {
        key = try Self.key(of: run)
        let keyFile = folder.url.appendingPathComponent("measured.txt")
        if (try? String(contentsOf: keyFile, encoding: .utf8)) == key, let log = try? MetricsLog.read(folder.metrics) {
            evaluations = log.evaluations
            return
        }
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        try? FileManager.default.removeItem(at: keyFile)
        let evaluator = Evaluator(run.loaded.model)
        let records = try run.splits.map { split in
            let began = ContinuousClock.now
            let losses = try evaluator.tokenLosses(over: split.batches) {
                try onEvaluation(split.name, $0, split.batches.blockCount)
            }
            try TokenLossFile.write(losses, to: folder.tokenLosses(on: split.name))
            return EvaluationRecord(
                step: 0, tokensSeen: 0, split: split.name, loss: losses.mean, tokens: losses.count,
                seconds: (ContinuousClock.now - began) / .seconds(1))
        }
        let log = try MetricsLog.create(at: folder.metrics)
        for record in records { try log.append(.evaluation(record)) }
        try log.synchronize()
        // Last: where it is, the measurement is whole.
        try AtomicFile.write(Data(key.utf8), to: keyFile)
        evaluations = records
    }

    /// Whether a run is of the same model and looks at the same splits.
    func matches(_ run: Run) throws -> Bool { try key == Self.key(of: run) }

    private static func key(of run: Run) throws -> String {
        let splits = run.splits.map {
            "\($0.name) \($0.batches.blockCount) of \($0.batches.blocks.count) \($0.batches.blocks.blockLength) \($0.batches.blocks.shard.contentHash)"
        }
        return "\(try run.loaded.hash.get()) \(run.recipe.compute.dtype) separators \(run.recipe.data.separators) \(splits)"
    }
}
