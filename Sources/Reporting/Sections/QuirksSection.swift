/// Departures from good practice that the study made on purpose, and why each matters.
struct QuirksSection: ReportSection {
    let id = "quirks"
    let title = "Quirks kept on purpose"

    func body(_ findings: StudyFindings) -> HTML? {
        guard !findings.record.quirks.isEmpty else { return nil }
        let entries = findings.record.quirks.map { "<dt><code>\($0.setting)</code></dt><dd>\($0.why)</dd>" as HTML }
        return """
            <p>These settings were on because the study repeats a protocol that has them. Each can be switched off in the recipe.</p>
            <dl class="quirks">\(entries.joined())</dl>
            """
    }
}
