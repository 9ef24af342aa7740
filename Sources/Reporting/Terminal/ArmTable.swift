import Foundation
import RunRecords

/// The main table for a terminal, means over seeds: what `winnow reproduce` ends with.
///
/// ```
///                    noisy                        curated
///   arm               loss     ppl  − baseline      loss     ppl  − baseline  tokens/s
///   before training  3.101   22.22                 2.905   18.27
///   CLM              2.904   18.25                 2.811   16.63                   412
///   top-k 0.5        2.951   19.12     +0.047      2.835   17.03     +0.024        398
/// ```
public struct ArmTable: Sendable {
    public let findings: StudyFindings

    public init(_ findings: StudyFindings) { self.findings = findings }

    /// - Parameter color: whether the output is a terminal. A difference whose interval leaves out zero is then green (better)
    ///   or red (worse); without color it carries a `*`.
    public func text(color: Bool) -> String {
        let splits = findings.record.validationSplits
        var rows = [header(splits)]
        if let start = findings.distinctStarts.first, findings.distinctStarts.count == 1 {
            let cells = splits.flatMap { split -> [Cell] in
                let start = start.evaluations[split.name]
                return [Cell(NumberText.loss(start?.loss)), Cell(NumberText.perplexity(start?.perplexity)), Cell("")]
            }
            rows.append([Cell("before training")] + cells + [Cell("")])
        }
        rows += findings.arms.map { row($0, splits) }
        let widths = (0..<rows[0].count).map { column in rows.map { $0[column].text.count }.max()! }
        var lines = [groups(splits, widths)] + rows.map { line($0, widths, color: color) }
        lines.append("")
        lines.append(legend(color: color))
        return lines.joined(separator: "\n") + "\n"
    }

    /// Whether any arm was trained under several seeds.
    private var coversTraining: Bool { findings.arms.contains { $0.finished.count > 1 } }

    private struct Cell {
        var text: String
        /// Below zero better, above worse; 0 plain.
        var verdict = 0

        init(_ text: String, verdict: Int = 0) { (self.text, self.verdict) = (text, verdict) }
    }

    private func header(_ splits: [StudyRecord.Split]) -> [Cell] {
        [Cell("arm")] + splits.flatMap { _ in [Cell("loss"), Cell("ppl"), Cell("− baseline")] } + [Cell("tokens/s")]
    }

    private func row(_ findings: ArmFindings, _ splits: [StudyRecord.Split]) -> [Cell] {
        let cells = splits.flatMap { split -> [Cell] in
            let split = findings.splits[split.name]
            var difference = Cell("")
            if let found = split?.difference {
                difference = Cell(NumberText.signed(found.difference, 3))
                if found.excludesZero, found.coversTraining || !coversTraining {
                    difference.verdict = found.difference < 0 ? -1 : 1
                }
            }
            return [Cell(NumberText.loss(split?.loss)), Cell(NumberText.perplexity(split?.loss.map { exp($0) })), difference]
        }
        return [Cell(printable(findings.arm.label))] + cells + [Cell(NumberText.fixed(findings.mean(\.run.tokensPerSecond), 0))]
    }

    /// The splits' names over their three columns each.
    private func groups(_ splits: [StudyRecord.Split], _ widths: [Int]) -> String {
        var line = String(repeating: " ", count: 2 + widths[0])
        for (index, split) in splits.enumerated() {
            let width = widths[1 + 3 * index..<4 + 3 * index].reduce(0, +) + 2 * 3
            line += "  " + pad(printable(split.name), to: width - 2 + 1, left: false)
        }
        return line.replacingOccurrences(of: #"\s+$"#, with: "", options: .regularExpression)
    }

    private func line(_ cells: [Cell], _ widths: [Int], color: Bool) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let text = pad(cell.text, to: widths[column], left: column > 0)
            let mark = cell.verdict == 0 || color ? " " : "*"
            line += "  " + (color && cell.verdict != 0 ? "\u{1B}[\(cell.verdict < 0 ? 32 : 31)m\(text)\u{1B}[0m" : text)
            if column % 3 == 0, column > 0 { line += mark }
        }
        return line.replacingOccurrences(of: #"\s+$"#, with: "", options: .regularExpression)
    }

    private func legend(color: Bool) -> String {
        let sign = color ? "Green is better and red worse where" : "A * marks where"
        let coverage =
            coversTraining
            ? "It covers held-out text and the randomness of training; an arm with one seed is not marked."
            : "It doesn't cover the randomness of training."
        return "  \(sign) the 95 % interval leaves out zero. \(coverage)"
    }

    private func pad(_ text: String, to width: Int, left: Bool) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? space + text : text + space
    }

    /// Without control characters: a name must not move the cursor.
    private func printable(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}
