import Foundation
import RunRecords

/// The whole document: one file, no request to anywhere, which its content security policy makes sure of.
struct ReportPage {
    var findings: StudyFindings
    var library: PlottingLibrary

    var html: String {
        let record = findings.record
        let sections = ReportSections.all.compactMap { section in section.body(findings).map { (section, $0) } }
        let page: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="winnow \(record.versions["winnow"] ?? "")">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
            script-src 'unsafe-inline'; img-src data:">
            <title>\(record.title)</title>
            <style>\(ReportStyle.sheet)</style>
            </head>
            <body>
            <a class="skip" href="#summary">Skip to the summary</a>
            <header>
            <p class="kind">Winnow study</p>
            <h1>\(record.title)</h1>
            <p class="summary">\(record.summary)</p>
            \(keyFacts(record))
            <nav aria-label="Sections"><ol>\(sections.map { "<li><a href=\"#\($0.0.id)\">\($0.0.title)</a></li>" as HTML }.joined())</ol></nav>
            </header>
            <main>
            \(sections.map { section, body in
                "<section id=\"\(section.id)\"><h2>\(section.title)</h2>\n\(body)</section>" as HTML
            }.joined())
            </main>
            <footer><p>Written by winnow \(record.versions["winnow"] ?? ""). This file is complete: it opens offline and asks \
            nothing of the network. Figures by plotly.js (MIT), embedded.</p></footer>
            <script>\(HTML(trusted: library.source))</script>
            <script>\(ReportScript.source)</script>
            <script>\(ViewerScript.source)</script>
            </body>
            </html>
            """
        return page.text + "\n"
    }

    private func keyFacts(_ record: StudyRecord) -> HTML {
        let training = record.splits.filter { $0.role == .training }
        let tokens = record.arms.flatMap(\.runs).map(\.tokens).max() ?? 0
        let seeds = Set(record.arms.flatMap(\.runs).map(\.seed)).sorted().map(String.init)
        let isRepeated = record.arms.contains { $0.runs.count > 1 }
        let facts: [(String, HTML)] = [
            ("Model", "\(record.model.name)\(record.model.note.map { "<span class=\"note\">\($0)</span>" as HTML } ?? "")"),
            ("Trained on", "\(training.isEmpty ? NumberText.none : training.map(\.label).joined(separator: ", "))"),
            ("Tokens a run", "\(tokens == 0 ? NumberText.none : "up to " + NumberText.count(tokens))"),
            ("Arms", "\(record.arms.count), \(isRepeated ? "seeds \(seeds.joined(separator: ", "))" : "one seed each")"),
            ("Machine", "\(record.device), \(record.threads) \(record.threads == 1 ? "thread" : "threads")"),
            ("Wall time", "\(NumberText.duration(record.wallSeconds))"),
        ]
        return "<dl class=\"facts\">\(facts.map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" as HTML }.joined())</dl>"
    }
}
