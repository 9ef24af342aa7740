import Analysis
import Foundation
import RunRecords

extension FindingsLoader {
    /// Where training moved the model, run by run; without those that trained no adapter.
    mutating func directions() -> [CosineNulls.Run] {
        var starts: [String: LowRankUpdate] = [:]
        return record.arms.flatMap { arm in
            arm.runs.compactMap { run -> CosineNulls.Run? in
                guard let adapter = run.adapter else { return nil }
                return attempt("The adapter of \(arm.label), seed \(run.seed)") { [directory, followsOutside] in
                    if let start = run.startAdapter, starts[start] == nil {
                        guard followsOutside || !StudyRecord.leadsOut(start) else { throw ReportError.outside(path: start) }
                        starts[start] = try LowRankUpdate(name: start, folder: directory.appendingPathComponent(start))
                    }
                    let update = try LowRankUpdate(name: arm.label, folder: directory.appendingPathComponent(adapter))
                    return CosineNulls.Run(
                        arm: arm.name, seed: run.seed,
                        start: run.startAdapter ?? "seed \(run.adapterSeed.map(String.init) ?? "")",
                        direction: try UpdateDirection(update, start: run.startAdapter.flatMap { starts[$0] }))
                }
            }
        }
    }

    /// Between every two arms, each by the run with the smallest seed that it has; `nil` where there are fewer than two.
    mutating func cosines(_ directions: [CosineNulls.Run]) -> CosineMatrix? {
        let first = record.arms.compactMap { arm in directions.first { $0.arm == arm.name }?.direction }
        return first.count > 1 ? attempt("The cosines between arms") { try CosineMatrix(first) } : nil
    }

    mutating func cosineNulls(_ directions: [CosineNulls.Run]) -> CosineNulls? {
        guard let baseline = record.baseline, directions.contains(where: { $0.arm == baseline.name }) else { return nil }
        let nulls = Set(record.arms.filter { $0.role == .null }.map(\.name))
        return attempt("The cosines to the baseline") {
            try CosineNulls(runs: directions, baseline: baseline.name, nulls: nulls)
        }
    }

    /// The tests with known bad tokens.
    mutating func groundTruth() -> GroundTruthRecord? {
        record.groundTruth.flatMap { path in
            attempt("The tests with known bad tokens") { [directory] in
                try GroundTruthRecord.read(from: directory.appendingPathComponent(path))
            }
        }
    }
}
