import Foundation
import Winnow

/// A study's plan as `--dry-run` prints it.
struct StudyPlanTable {
    let plan: StudyPlan
    let speed: StudySpeed
    /// Whether the speed is this machine's, and not one that was given.
    let isMeasured: Bool

    /// A line a run, and below them what is left in all.
    func text() -> String {
        let head = ["run", "seed", "tokens that carry the loss", "steps", "tokens", "operations", "time", "disk"]
        let rows = plan.runs.map { run in
            [
                run.name, "\(run.seed)", run.selection, (run.isExpected ? "≈ " : "") + "\(run.steps)", "\(run.tokens)",
                Self.operations(run.operations), run.isFinished ? "done" : Terminal.duration(speed.seconds(of: run)),
                Self.size(run.bytes),
            ]
        }
        let lines = Self.columns([head] + rows, left: [0, 2])
        let rates = String(
            format: "%.0f trained and %.0f forward tokens/s, %@", speed.trainedTokensPerSecond, speed.forwardTokensPerSecond,
            isMeasured ? "measured now" : "as given")
        let left = plan.unfinished
        let operations = left.reduce(0) { $0 + $1.operations }
        var notes = [
            "\(left.count) of \(plan.runs.count) runs are left: \(Self.operations(operations)), "
                + "\(Self.size(plan.runs.reduce(0) { $0 + $1.bytes })) of disk in all.",
            "Time: \(Terminal.duration(speed.seconds(of: plan))) at \(rates); loading and checkpoints come on top.",
            "Operations of a token, with N weights in linear layers and head: LoRA training 4N, full training 6N, forward 2N.",
        ]
        if plan.groundTruthTokens > 0 { notes.append("The ground truth is \(plan.groundTruthTokens) tokens forward.") }
        if plan.runs.contains(where: \.isExpected) { notes.append("≈: matched to another arm; decided when that is finished.") }
        return (lines + [""] + notes).joined(separator: "\n")
    }

    func json() throws -> String {
        struct Plan: Encodable {
            let plan: StudyPlan
            let speed: StudySpeed
            let secondsLeft: Double
        }
        let encoder = RecordFile.encoder()
        let whole = Plan(plan: plan, speed: speed, secondsLeft: speed.seconds(of: plan))
        return String(decoding: try encoder.encode(whole), as: UTF8.self)
    }

    /// Columns as wide as their widest cell; those in `left` begin at the left.
    private static func columns(_ rows: [[String]], left: Set<Int>) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
        return rows.map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return left.contains(column) ? row[column] + space : space + row[column]
            }.joined(separator: "  ")
        }
    }

    /// `1.25 PFLOP`
    private static func operations(_ count: Double) -> String {
        let units = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP"]
        let power = count < 1 ? 0 : min(units.count - 1, Int(log10(count) / 3))
        return String(format: "%.3g %@", count / pow(1000, Double(power)), units[power])
    }

    private static func size(_ bytes: Int) -> String {
        bytes < 1_000_000_000 ? "\((bytes + 500_000) / 1_000_000) MB" : String(format: "%.1f GB", Double(bytes) / 1e9)
    }
}
