import Analysis
import Foundation
import RunRecords

/// Somebody else's figures beside this study's, with what is known to be wrong with them.
struct PublishedSection: ReportSection {
    let id = "published"
    let title = "Beside the published figures"

    func body(_ findings: StudyFindings) -> HTML? {
        guard !findings.record.published.isEmpty else { return nil }
        return findings.record.published.map { study($0, findings) }.joined()
    }

    private func study(_ published: PublishedStudy, _ findings: StudyFindings) -> HTML {
        let speeds = published.tokensPerSecond.map { NumberText.count($0) }.joined(separator: "–")
        return """
            <h3>\(published.title)</h3>
            <p>\(published.setting) Published speed: \(speeds) training tokens a second. Model, corpus, machine and budget differ \
            from this study’s: compare the order of the arms and the sign of the differences, not the values.</p>
            \(perplexities(published, findings))
            \(movements(published, findings))
            \(cosines(published, findings))
            <aside class="notice"><h3>Known faults of the published figures</h3>
            <ul>\(published.faults.map { "<li>\($0)</li>" as HTML }.joined())</ul></aside>
            """
    }

    private func perplexities(_ published: PublishedStudy, _ findings: StudyFindings) -> HTML {
        let split = findings.record.validationSplits.first
        let ownBaseline = findings.baseline.flatMap { loss($0, split) }
        let baseline = published.perplexity(policy: "all", ratio: nil)
        let rows = published.perplexities.map { entry in
            let own = findings.arm(policy: entry.policy, ratio: entry.ratio).flatMap { loss($0, split) }
            return ReportTable.row(
                "\(entry.arm)",
                [
                    "\(entry.ratio.map { NumberText.fixed($0, 1) } ?? NumberText.none)",
                    "\(NumberText.perplexity(entry.perplexity))",
                    "\(NumberText.signed(baseline.map { log(entry.perplexity / $0) }, 3))",
                    "\(NumberText.perplexity(own.map { exp($0) }))",
                    "\(NumberText.signed(own.flatMap { own in ownBaseline.map { own - $0 } }, 3))",
                ])
        }
        return ReportTable(
            caption: """
                Validation perplexity, and the same as a difference in nats from each study’s own baseline. Here: \
                \(split?.label ?? "no validation split").
                """,
            label: "Published perplexities beside this study's",
            head: ReportTable.head([
                "Arm", "ratio", "published<br>perplexity", "nats from its<br>baseline", "perplexity<br>here",
                "nats from<br>baseline here",
            ]), rows: rows
        ).html
    }

    private func movements(_ published: PublishedStudy, _ findings: StudyFindings) -> HTML {
        guard let split = findings.record.validationSplits.first else { return "" }
        let rows = published.bucketMovements.map { entry in
            let own = findings.arm(published: entry.arm, of: published).flatMap { arm in
                arm.splits[split.name].flatMap { $0.buckets.isEmpty ? nil : MovedShares(arm.arm.label, $0) }
            }
            return ReportTable.row(
                "\(entry.arm)",
                [
                    "\(NumberText.percent(entry.highToLow, 2))", "\(NumberText.percent(entry.lowToHigh, 2))",
                    "\(NumberText.percent(own?.highToLow, 2))", "\(NumberText.percent(own?.lowToHigh, 2))",
                ])
        }
        return ReportTable(
            caption: "Bucket movement as a share of tokens. The published shares are void: see the first fault below.",
            label: "Published bucket movement beside this study's",
            head: ReportTable.head(["Arm", "published<br>H→L", "published<br>L→H", "H→L<br>here", "L→H<br>here"]), rows: rows
        ).html
    }

    private func cosines(_ published: PublishedStudy, _ findings: StudyFindings) -> HTML {
        let rows = published.cosines.map { entry in
            let own = findings.cosines(
                findings.arm(published: entry.first, of: published), findings.arm(published: entry.second, of: published))
            return ReportTable.row(
                "\(entry.first) ↔ \(entry.second)",
                [
                    "\(NumberText.fixed(entry.cosine, 4))", "\(NumberText.fixed(own?.adapter, 4))",
                    "\(NumberText.fixed(own?.effective, 4))",
                ])
        }
        return ReportTable(
            caption: "Cosines between updates. The published ones are over raw A and B that share a start.",
            label: "Published cosines beside this study's",
            head: ReportTable.head(["Arms", "published<br>(adapter)", "adapter<br>here", "effective<br>here"]), rows: rows
        ).html
    }

    private func loss(_ findings: ArmFindings, _ split: StudyRecord.Split?) -> Double? {
        split.flatMap { findings.splits[$0.name]?.loss }
    }
}
