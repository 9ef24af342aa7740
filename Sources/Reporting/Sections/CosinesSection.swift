import Analysis

/// How alike the arms moved the model: both cosine matrices as heat maps.
struct CosinesSection: ReportSection {
    let id = "directions"
    let title = "Update directions"

    func body(_ findings: StudyFindings) -> HTML? {
        guard let matrix = findings.cosines else { return nil }
        return """
            <p>How alike two arms moved the model. <em>Effective</em> is the cosine of ΔW = (α/r)·BA minus what the start already \
            added: what the model feels. <em>Adapter</em> is the cosine of the raw A and B, flattened: the published replication’s, \
            kept for comparison. A start that both arms share brings it near 1 by itself, whatever was learned.</p>
            \(heatMap(matrix, "Effective: cosine of ΔW", \.effective))
            \(heatMap(matrix, "Adapter: cosine of A and B, flattened", \.adapter))
            """
    }

    private func heatMap(_ matrix: CosineMatrix, _ title: String, _ value: KeyPath<UpdateCosines, Double?>) -> HTML {
        let rows = matrix.values.enumerated().map { index, row in
            """
            <tr><th scope="row">\(matrix.labels[index])</th>\(row.map { cell($0[keyPath: value]) }.joined(""))</tr>
            """ as HTML
        }
        return ReportTable(
            caption:
                "<strong>\(title)</strong>. Blue above zero, orange below; full ink at ±1. A dash: one of the two has not moved.",
            label: title, head: ReportTable.head([""] + matrix.labels.map { "\($0)" }), rows: rows, style: "heat"
        ).html
    }

    private func cell(_ cosine: Double?) -> HTML {
        guard let cosine else { return "<td>\(NumberText.none)</td>" }
        return """
            <td class="\(cosine < 0 ? "negative" : "")" style="--value: \(NumberText.cssNumber(min(1, abs(cosine))))">\
            \(NumberText.fixed(cosine, 3))</td>
            """
    }
}
