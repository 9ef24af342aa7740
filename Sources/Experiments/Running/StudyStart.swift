import Foundation
import RunRecords
import Training

/// The loss of the common start on every split, measured once for all arms and kept in the study's `start` folder.
struct StudyStart {
    let evaluations: [EvaluationRecord]
    private let key: String

    /// Reads what an earlier process measured, or measures.
    ///
    /// - Parameter onEvaluation: told how many blocks of a split are done; what it throws ends the measurement.
    init(_ run: Run, in folder: RunDirectory, onEvaluation: (String, Int, Int) throws -> Void) throws {
        key = Self.key(of: run)
        if let log = try? MetricsLog.read(folder.metrics), Set(log.evaluations.map(\.split)) == Set(run.splits.map(\.name)) {
            evaluations = log.evaluations
            return
        }
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        let evaluator = Evaluator(run.loaded.model, adapter: run.trainer.adapter)
        let records = try run.splits.map { split in
            let began = Date()
            let losses = try evaluator.tokenLosses(over: split.batches) {
                try onEvaluation(split.name, $0, split.batches.blockCount)
            }
            try TokenLossFile.write(losses, to: folder.tokenLosses(on: split.name))
            return EvaluationRecord(
                step: 0, tokensSeen: 0, split: split.name, loss: losses.mean, tokens: losses.count,
                seconds: Date().timeIntervalSince(began))
        }
        let log = try MetricsLog.create(at: folder.metrics)
        for record in records { try log.append(.evaluation(record)) }
        try log.synchronize()
        evaluations = records
    }

    /// Whether a run starts from the same weights and looks at the same splits.
    func matches(_ run: Run) -> Bool { key == Self.key(of: run) }

    private static func key(of run: Run) -> String {
        let splits = run.splits.map { "\($0.name) \($0.batches.blockCount) \($0.batches.blocks.shard.contentHash)" }
        return "\(run.loaded.url.path) \(run.recipe.compute.dtype) \(splits)"
    }
}
