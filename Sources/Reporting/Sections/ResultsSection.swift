import Analysis
import RunRecords

/// The main table and the differences from the baseline with their intervals.
struct ResultsSection: ReportSection {
    let id = "results"
    let title = "Results"

    func body(_ findings: StudyFindings) -> HTML? {
        [
            notice("Contradictions", findings.contradictions), table(findings),
            DifferenceFigure(findings)?.figure.html ?? "", notice("What is missing", findings.gaps),
        ].joined()
    }

    private func notice(_ title: String, _ sentences: [String]) -> HTML {
        guard !sentences.isEmpty else { return "" }
        return """
            <aside class="notice"><h3>\(title)</h3><ul>\(sentences.map { "<li>\($0)</li>" as HTML }.joined())</ul></aside>
            """
    }

    private func table(_ findings: StudyFindings) -> HTML {
        let splits = findings.record.validationSplits
        let published = findings.record.published.first
        let groups = splits.map { "<th colspan=\"3\" scope=\"colgroup\">\($0.label)</th>" as HTML }
        let columns = [HTML](
            repeating: "<th scope=\"col\">loss</th><th scope=\"col\">perplexity</th><th scope=\"col\">difference</th>",
            count: splits.count)
        let last: HTML = published == nil ? "" : "<th rowspan=\"2\" scope=\"col\">published<br>perplexity†</th>"
        let head: HTML = """
            <tr><th rowspan="2" scope="col">Arm</th>\(groups.joined(""))<th rowspan="2" scope="col">tokens that<br>carried loss</th>\
            <th rowspan="2" scope="col">tokens<br>a second</th>\(last)</tr>
            <tr>\(columns.joined(""))</tr>
            """
        let rows = startRows(findings, splits, published) + findings.arms.map { row($0, splits, published) }
        return ReportTable(
            caption: caption(findings), label: "Validation loss and perplexity of every arm", head: head, rows: rows,
            style: "results"
        ).html
    }

    private func caption(_ findings: StudyFindings) -> HTML {
        let baseline = findings.baseline?.arm.label ?? "the baseline"
        let note: HTML =
            findings.record.published.isEmpty
            ? "" : " † Another model on another corpus, with faults: see <a href=\"#published\">the published figures</a>."
        return """
            Validation loss in nats a token (the exact token-weighted mean) and its exponential. The difference is the loss minus \
            that of \(baseline): below zero is better. Under it stands the 95 % interval of a paired bootstrap over held-out \
            blocks, which covers the choice of text and not the randomness of training. Where it holds zero, both are grey.\(note)
            """
    }

    private func startRows(
        _ findings: StudyFindings, _ splits: [StudyRecord.Split], _ published: PublishedStudy?
    ) -> [HTML] {
        let starts = findings.distinctStarts
        return starts.map { start in
            let label: HTML = starts.count == 1 ? "before training" : "before training: \(start.arms.joined(separator: ", "))"
            let cells = splits.flatMap { split -> [HTML] in
                let evaluation = start.evaluations[split.name]
                return ["\(NumberText.loss(evaluation?.loss))", "\(NumberText.perplexity(evaluation?.perplexity))", ""]
            }
            return ReportTable.row(label, cells + ["", ""] + (published == nil ? [] : [""]), style: "start")
        }
    }

    private func row(_ findings: ArmFindings, _ splits: [StudyRecord.Split], _ published: PublishedStudy?) -> HTML {
        let arm = findings.arm
        let cells = splits.flatMap { split -> [HTML] in
            let split = findings.splits[split.name]
            return [
                "\(NumberText.loss(split?.end?.loss))", "<strong>\(NumberText.perplexity(split?.end?.perplexity))</strong>",
                difference(split, isBaseline: arm.role == .baseline),
            ]
        }
        let work: [HTML] = [
            "\(NumberText.count(arm.runs[0].selectedTokens))", "\(NumberText.fixed(arm.runs[0].tokensPerSecond, 0))",
        ]
        let counterpart = arm.role == .baseline || arm.role == .selection
        let publishedCell: [HTML] =
            published.map {
                ["\(NumberText.perplexity(counterpart ? $0.perplexity(policy: arm.policy, ratio: arm.ratio) : nil))"]
            } ?? []
        let note: HTML = arm.runs[0].note.map { "<span class=\"note\">\($0)</span>" } ?? ""
        return ReportTable.row("\(arm.label)\(note)", cells + work + publishedCell, style: arm.role.rawValue)
    }

    private func difference(_ split: SplitFindings?, isBaseline: Bool) -> HTML {
        if isBaseline { return "<span class=\"faint\">0</span>" }
        guard let difference = split?.difference else { return "\(NumberText.none)" }
        return """
            <span class="\(difference.excludesZero ? "" : "faint")">\(NumberText.signed(difference.difference, 3))\
            <span class="interval">\(NumberText.signed(difference.lowerBound, 3)) … \(NumberText.signed(difference.upperBound, 3))\
            </span></span>
            """
    }
}
