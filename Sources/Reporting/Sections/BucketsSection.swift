import Analysis
import RunRecords

/// How tokens moved between high and low loss.
struct BucketsSection: ReportSection {
    let id = "buckets"
    let title = "Bucket movement"

    func body(_ findings: StudyFindings) -> HTML? {
        let splits = findings.record.validationSplits.filter { split in
            findings.arms.contains { $0.splits[split.name]?.buckets != nil }
        }
        guard !splits.isEmpty else { return nil }
        let introduction: HTML = """
            <p>A held-out token is <em>high</em> where its loss is at or above the baseline’s 0.7 quantile and <em>low</em> below \
            it; the baseline’s threshold serves every arm. Movement in one direction alone is mostly churn, which a ruined arm has \
            most of: read the net, and the mean change in loss.</p>
            """
        let figure = BucketsFigure(findings, splits: splits).figure.html
        return ([introduction, figure] + splits.map { table(findings, $0) }).joined()
    }

    private func table(_ findings: StudyFindings, _ split: StudyRecord.Split) -> HTML {
        let moved = findings.arms.compactMap { arm in arm.splits[split.name]?.buckets.map { (arm.arm.label, $0) } }
        let head: [HTML] = [
            "Arm", "H→L", "L→H", "net", "mean change,<br>nats", "H→H", "L→L", "tokens",
        ]
        let rows = moved.map { label, buckets in
            ReportTable.row(
                "\(label)",
                [
                    "\(NumberText.percent(buckets.highToLowShare, 2))", "\(NumberText.percent(buckets.lowToHighShare, 2))",
                    "<strong>\(NumberText.signedPercent(buckets.netShare))</strong>",
                    "\(NumberText.signed(buckets.meanChange, 4))", "\(NumberText.count(buckets.highToHigh))",
                    "\(NumberText.count(buckets.lowToLow))", "\(NumberText.count(buckets.total))",
                ])
        }
        return ReportTable(
            caption: """
                <strong>\(split.label)</strong>: shares of all counted tokens. The threshold is \(NumberText.loss(moved.first.map { Double($1.threshold) })) \
                nats. The net is H→L − L→H: above zero, more tokens fell below the threshold than rose above it.
                """,
            label: "Bucket movement on \(split.label)", head: ReportTable.head(head), rows: rows
        ).html
    }
}
