import RunRecords

/// Departures from good practice that the study made on purpose, and why each matters.
struct QuirksSection: ReportSection {
    let id = "quirks"
    let title = "Quirks kept on purpose"

    func body(_ findings: StudyFindings) -> HTML? {
        guard !findings.record.quirks.isEmpty else { return nil }
        let entries = findings.record.quirks.map { "<dt><code>\($0.setting)</code></dt><dd>\($0.why)</dd>" as HTML }
        return """
            <p>These settings were on because the study repeats a protocol that has them. Each can be switched off in the recipe.</p>
            <dl class="quirks">\(entries.joined())</dl>\(batchMeans(findings))
            """
    }

    /// The replication's evaluation was a mean of batch means: what it makes of a loss.
    private func batchMeans(_ findings: StudyFindings) -> HTML {
        let splits = findings.record.validationSplits
        let rows = findings.arms.compactMap { arm -> HTML? in
            let cells = splits.flatMap { split -> [HTML] in
                let last = arm.finished.compactMap { $0.curve(on: split.name).last }.filter { $0.batchMeanLoss != nil }
                guard !last.isEmpty else { return ["\(NumberText.none)", "\(NumberText.none)"] }
                let (tokens, batches) = (last.map(\.loss), last.compactMap(\.batchMeanLoss))
                let mean = { (values: [Double]) in values.reduce(0, +) / Double(values.count) }
                return ["\(NumberText.loss(mean(batches)))", "\(NumberText.signed(mean(batches) - mean(tokens), 5))"]
            }
            return arm.hasRun ? ReportTable.row("\(arm.arm.label)", cells) : nil
        }
        guard !rows.isEmpty else { return "" }
        return ReportTable(
            caption: """
                <strong>Mean of batch means</strong>, the replication’s evaluation, and by how much it differs from the mean over tokens \
                that the other tables give.
                """,
            label: "Loss as a mean of batch means",
            head: ReportTable.head(["Arm"] + splits.flatMap { ["\($0.label)", "− mean over tokens"] }), rows: rows
        ).html
    }
}
