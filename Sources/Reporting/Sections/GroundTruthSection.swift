import RunRecords

/// Whether scores find bad tokens whose places are known.
struct GroundTruthSection: ReportSection {
    let id = "truth"
    let title = "Do scores find bad tokens?"

    func body(_ findings: StudyFindings) -> HTML? {
        guard let record = findings.groundTruth, !record.tests.isEmpty else { return nil }
        return """
            <p>Text damaged on purpose, and answers whose first wrong step is marked: which tokens are bad is known. Each score ranks \
            the tokens of a text, <em>high taken for bad</em>. AUROC is the probability that a bad token scores above a good one: \
            0.5 is blind; below it, the score takes bad tokens for good ones. A policy that trains on the highest scores trains on \
            what this table says they are. Losses are those of \(record.student).</p>
            \(table(record))
            \(record.tests.map { precision($0) }.joined())
            """
    }

    private func scores(_ record: GroundTruthRecord) -> [(name: String, label: String)] {
        var seen: [(name: String, label: String)] = []
        for score in record.tests.flatMap(\.scores) where !seen.contains(where: { $0.name == score.name }) {
            seen.append((score.name, score.label))
        }
        return seen
    }

    private func table(_ record: GroundTruthRecord) -> HTML {
        let rows = scores(record).map { name, label in
            ReportTable.row(
                "\(label)",
                record.tests.map { test in
                    guard let score = test.scores.first(where: { $0.name == name }) else { return "\(NumberText.none)" }
                    let blind = score.lowerBound <= 0.5 && score.upperBound >= 0.5
                    return """
                        <span class="\(blind ? "faint" : "")">\(NumberText.fixed(score.auroc, 3))<span class="interval">\
                        \(NumberText.fixed(score.lowerBound, 3)) … \(NumberText.fixed(score.upperBound, 3))</span></span>
                        """
                })
        }
        return ReportTable(
            caption: "<strong>AUROC</strong> with 95 % intervals over blocks; grey where the interval holds 0.5.",
            label: "AUROC of every score on every test", head: ReportTable.head(["Score"] + record.tests.map { "\($0.label)" }),
            rows: rows, style: "truth"
        ).html
    }

    private func precision(_ test: GroundTruthRecord.Test) -> HTML {
        let ratios = Set(test.scores.flatMap { $0.precision.map(\.ratio) }).sorted()
        let share = test.tokens > 0 ? Double(test.badTokens) / Double(test.tokens) : 0
        let rows = test.scores.map { score in
            ReportTable.row(
                "\(score.label)",
                ratios.map { ratio in "\(NumberText.percent(score.precision.first { $0.ratio == ratio }?.precision))" })
        }
        return ReportTable(
            caption: """
                <strong>\(test.label)</strong>: precision, the share of bad tokens among the highest-scoring share r. Chance gives \
                \(NumberText.percent(share)), the share of bad tokens in all \(NumberText.count(test.tokens)) of \
                \(NumberText.count(test.blocks)) blocks. \(test.text)
                """,
            label: "Precision at r on \(test.label)",
            head: ReportTable.head(["Score"] + ratios.map { "r = \(NumberText.percent($0))" }), rows: rows, style: "truth"
        ).html
    }
}
