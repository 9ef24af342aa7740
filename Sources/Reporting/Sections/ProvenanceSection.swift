import Foundation
import RunRecords

/// What it was computed from and with: enough to run the study again.
struct ProvenanceSection: ReportSection {
    let id = "provenance"
    let title = "Recipe and provenance"

    func body(_ findings: StudyFindings) -> HTML? {
        let record = findings.record
        return """
            \(facts(record))
            \(splits(record))
            \(arms(record))
            <details><summary>The recipe, resolved</summary>
            <pre tabindex="0"><code>\(record.recipe)</code></pre></details>
            """
    }

    private func facts(_ record: StudyRecord) -> HTML {
        let dates = ISO8601DateFormatter()
        var facts: [(String, HTML)] = [
            ("Model", "\(record.model.name)<br><code>\(record.model.hash)</code>"),
            (
                "Parameters",
                "\(NumberText.count(record.model.parameters)), of which trained \(NumberText.count(record.model.trainableParameters))"
            ),
            ("Block length", "\(NumberText.count(record.blockLength)) tokens"),
            ("Machine", "\(record.device), \(record.threads) \(record.threads == 1 ? "thread" : "threads")"),
            ("Begun", "\(dates.string(from: record.startedAt))"),
            ("Ended", "\(record.finishedAt.map(dates.string) ?? "not yet")"),
            ("Wall time", "\(NumberText.duration(record.wallSeconds))"),
        ]
        facts += record.versions.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        return "<dl class=\"facts\">\(facts.map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" as HTML }.joined())</dl>"
    }

    private func splits(_ record: StudyRecord) -> HTML {
        let rows = record.splits.map { split in
            """
            <tr><th scope="row">\(split.label)</th><td class="words">\(split.role.rawValue)</td><td>\(NumberText.count(split.documents))</td>\
            <td>\(NumberText.count(split.tokens))</td><td class="words">\(split.source)</td><td class="words"><code>\(split.hash)</code></td></tr>
            """ as HTML
        }
        return ReportTable(
            caption: "Text, by split; the hash is of the token shards.", label: "The splits of the corpora",
            head: ReportTable.head(["Split", "use", "documents", "tokens", "source", "hash"]), rows: rows, style: "wordy"
        ).html
    }

    private func arms(_ record: StudyRecord) -> HTML {
        let rows = record.arms.map { arm in
            """
            <tr><th scope="row">\(arm.label)</th><td class="words">\(arm.score ?? NumberText.none)</td><td class="words">\(arm.policy)</td>\
            <td>\(arm.ratio.map { NumberText.fixed($0, 2) } ?? NumberText.none)</td><td class="words">\(arm.pool ?? NumberText.none)</td>\
            <td class="words">\(arm.reference ?? NumberText.none)</td><td class="words">\(arm.runs.map { String($0.seed) }.joined(separator: ", "))</td>\
            <td class="words"><code>\(arm.name)</code></td></tr>
            """ as HTML
        }
        return ReportTable(
            caption: "The arms as they were run.", label: "The settings of every arm",
            head: ReportTable.head(["Arm", "score", "policy", "ratio", "pool", "reference", "seeds", "directory"]), rows: rows,
            style: "wordy"
        ).html
    }
}
