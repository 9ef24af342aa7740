import Analysis
import RunRecords

/// How tokens moved between high and low loss, against a baseline and over the course of training.
struct BucketsSection: ReportSection {
    let id = "buckets"
    let title = "How tokens moved"

    func body(_ findings: StudyFindings) -> HTML? {
        let splits = findings.record.validationSplits.filter { split in
            findings.arms.contains { $0.splits[split.name]?.buckets.isEmpty == false }
        }
        let categories = CategoriesFigure(findings)?.figure.html
        guard !splits.isEmpty || categories != nil else { return nil }
        let introduction: HTML = """
            <p>A held-out token is <em>high</em> where its loss is at or above the baseline’s 0.7 quantile and <em>low</em> below \
            it; the threshold of the baseline with the same seed serves every arm. Movement in one direction alone is mostly churn, which a \
            ruined arm has most of: read the net, and the mean change in loss, beside the null: how far two runs of the baseline \
            under different seeds are apart.</p>
            """
        let moved: [HTML] =
            splits.isEmpty
            ? [] : [introduction, BucketsFigure(findings, splits: splits).figure.html] + splits.map { table(findings, $0) }
        return (moved + [categories ?? ""]).joined()
    }

    private func table(_ findings: StudyFindings, _ split: StudyRecord.Split) -> HTML {
        let moved = findings.arms.compactMap { arm in
            arm.splits[split.name].flatMap { $0.buckets.isEmpty ? nil : MovedShares(arm.arm.label, $0) }
        }
        let head: [HTML] = [
            "Arm", "H→L", "L→H", "net", "net beyond<br>the null", "mean change,<br>nats",
        ]
        func share(_ value: Double, _ found: PairedDifference?) -> HTML {
            .stacked(
                "\(NumberText.percent(value, 2))",
                under: found.map { "\(NumberText.fixed($0.lowerBound * 100, 2)) … \(NumberText.fixed($0.upperBound * 100, 2))" })
        }
        let rows = moved.map { moved in
            ReportTable.row(
                "\(moved.label)",
                [
                    share(moved.highToLow, moved.movement?.highToLow.arm), share(moved.lowToHigh, moved.movement?.lowToHigh.arm),
                    "<strong>\(NumberText.signedPercent(moved.net))</strong>", beyond(moved.movement?.net.beyondNull),
                    "\(NumberText.signed(moved.change, 4))",
                ])
        }
        return ReportTable(
            caption: """
                <strong>\(split.label)</strong>: shares of all counted tokens with 95 % intervals, in per cent. The threshold is \
                \(NumberText.loss(moved.first?.threshold)) nats. The net is H→L − L→H: above zero, more tokens fell below the \
                threshold than rose above it. \(null(moved))
                """,
            label: "Bucket movement on \(split.label)", head: ReportTable.head(head), rows: rows
        ).html
    }

    private func beyond(_ difference: PairedDifference?) -> HTML {
        guard let difference else { return "\(NumberText.none)" }
        return """
            <span class="\(difference.excludesZero ? "" : "faint")">\(NumberText.signedPercent(difference.difference))<span class="interval">\
            \(NumberText.signed(difference.lowerBound * 100, 2)) … \(NumberText.signed(difference.upperBound * 100, 2))</span></span>
            """
    }

    private func null(_ moved: [MovedShares]) -> String {
        guard let movement = moved.lazy.compactMap(\.movement).first, let falls = movement.highToLow.null,
            let rises = movement.lowToHigh.null
        else { return "There is no null here: one run of the baseline." }
        return """
            The null, over \(Sentence.count(falls.seeds, "pair")) of baseline runs: H→L \(NumberText.percent(falls.mean, 2)) \
            (\(NumberText.percent(falls.minimum, 2)) to \(NumberText.percent(falls.maximum, 2))), L→H \
            \(NumberText.percent(rises.mean, 2)).
            """
    }
}
