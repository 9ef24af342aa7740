import Analysis
import Foundation
import RunRecords

/// The main table: every arm over its seeds, on every validation split.
struct ResultsTable {
    let html: HTML

    init(_ findings: StudyFindings) {
        let splits = findings.record.validationSplits
        let groups = splits.map { "<th colspan=\"3\" scope=\"colgroup\">\($0.label)</th>" as HTML }
        let columns = [HTML](
            repeating: "<th scope=\"col\">loss</th><th scope=\"col\">perplexity</th><th scope=\"col\">difference</th>",
            count: splits.count)
        let head: HTML = """
            <tr><th rowspan="2" scope="col">Arm</th><th rowspan="2" scope="col">seeds</th><th rowspan="2" scope="col">tokens,<br>of which<br>\
            selected</th>\(groups.joined(""))<th rowspan="2" scope="col">time<br>charged</th></tr>
            <tr>\(columns.joined(""))</tr>
            """
        html =
            ReportTable(
                caption: Self.caption(findings), label: "Validation loss and perplexity of every arm", head: head,
                rows: Self.startRows(findings, splits) + findings.arms.map { Self.row($0, splits) }, style: "results"
            ).html
    }

    private static func caption(_ findings: StudyFindings) -> HTML {
        let baseline = findings.baseline?.arm.label ?? "the baseline"
        let severalSeeds = findings.arms.contains { $0.finished.count > 1 }
        let seeds: HTML =
            severalSeeds
            ? "Means over seeds; ± is the standard deviation of a run. The interval covers the choice of held-out text and, where an arm has several seeds, the randomness of training."
            : "One seed: the interval covers the choice of held-out text and not the randomness of training."
        return """
            Validation loss in nats a token (the exact token-weighted mean) and its exponential. The difference is the loss minus \
            that of \(baseline), below zero is better, with its 95 % interval; where that holds zero, both are grey. \(seeds) Time \
            charged is that of the steps and of the reference’s training and scoring.
            """
    }

    private static func startRows(_ findings: StudyFindings, _ splits: [StudyRecord.Split]) -> [HTML] {
        let starts = findings.distinctStarts
        return starts.map { start in
            let label: HTML = starts.count == 1 ? "before training" : "before training: \(start.arms.joined(separator: ", "))"
            let cells = splits.flatMap { split -> [HTML] in
                let evaluation = start.evaluations[split.name]
                return ["\(NumberText.loss(evaluation?.loss))", "\(NumberText.perplexity(evaluation?.perplexity))", ""]
            }
            return ReportTable.row(label, ["", ""] + cells + [""], style: "start")
        }
    }

    private static func row(_ findings: ArmFindings, _ splits: [StudyRecord.Split]) -> HTML {
        let arm = findings.arm
        let cells = splits.flatMap { split -> [HTML] in
            let split = findings.splits[split.name]
            return [
                .stacked(
                    "\(NumberText.loss(split?.loss))",
                    under: split?.seedDeviation.map { "±\(NumberText.fixed($0, 4))" }),
                "<strong>\(NumberText.perplexity(split?.loss.map { exp($0) }))</strong>",
                arm.role == .baseline ? "<span class=\"faint\">0</span>" : .difference(split?.difference),
            ]
        }
        func count(_ value: (StudyRecord.Run) -> Int) -> String {
            NumberText.count(findings.mean { Double(value($0.run)) })
        }
        let selects = findings.finished.contains { $0.run.selectedTokens < $0.run.tokens }
        let work = HTML.stacked("\(count(\.tokens))", under: selects ? "\(count(\.selectedTokens))" : nil)
        let failures = findings.runs.compactMap { run in run.run.failure.map { "Seed \(run.run.seed) failed: \($0)." } }
        let notes = (failures + Set(findings.runs.compactMap(\.run.note)).sorted()).map {
            "<span class=\"note\">\($0)</span>" as HTML
        }
        return ReportTable.row(
            "\(arm.label)\(notes.joined(""))",
            ["\(NumberText.count(findings.finished.count))", work] + cells
                + ["\(NumberText.duration(findings.mean { $0.run.chargedSeconds }))"], style: arm.role.rawValue)
    }
}
