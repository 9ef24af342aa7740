import Checkpoints
import Foundation
import Reporting
import RunRecords
import Testing

/// Studies as a stranger might forge them, through the real report and a real browser.
@Suite(.serialized) struct HostileStudyTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func fixture(_ change: (inout StudyFixture) -> Void = { _ in }) throws -> StudyRecord {
        try StudyFixture(directory: directory.url, change).write()
    }

    /// Of four arms, one of each kind: what is about numbers and places needs no more.
    private func smallFixture() throws -> StudyRecord {
        try fixture { study in study.arms = [0, 1, 2, 6].map { StudyFixture.defaultArms[$0] } }
    }

    private func report() throws -> URL {
        let library = try PlottingLibrary(PlottingLibrary.location())
        return try StudyReport(StudyFindings(directory: directory.url)).write(to: directory.url, library: library)
    }

    // MARK: Text

    private static let attack =
        "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
        + "<svg onload=document.title='pwned'>]]>\u{2028}\u{2029}<!--\"'`&lt;${document.title='pwned'}"
        + "<a href=\"javascript:document.title='pwned'\">{{x}}"

    /// Every text of `study.json`, the names that files are found by included, and of the records that it names.
    @Test func everyTextOfAStudyIsInert() throws {
        var forged = try fixture { study in
            study.words = [Self.attack, " a", "\u{2028}", "</title>", "<", "&amp;"]
        }
        forged.arms[1].runs[0].failure = "It diverged"
        try forged.write(to: directory.url)
        for name in [StudyRecord.fileName, GroundTruthRecord.fileName] {
            let url = directory.url.appendingPathComponent(name)
            let record = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
            try JSONSerialization.data(withJSONObject: Self.attacked(record)).write(to: url)
        }
        // A run's metrics name the splits too.
        for case let file as URL in FileManager.default.enumerator(at: directory.url, includingPropertiesForKeys: nil) ?? .init()
        where file.lastPathComponent == RunDirectory.metricsName {
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
                let record = Self.attacked(try JSONSerialization.jsonObject(with: Data(line.utf8)))
                return String(decoding: try JSONSerialization.data(withJSONObject: record), as: UTF8.self) + "\n"
            }
            try lines.joined().write(to: file, atomically: true, encoding: .utf8)
        }
        let findings = try StudyFindings(directory: directory.url)
        #expect(findings.gaps.isEmpty, "the names still fit: \(findings.gaps)")
        let page = try report()
        let visit = try Browser().visit(page)
        #expect(visit.console.isEmpty, "\(visit.console)")
        // Kept out of the expectations, which would print the page.
        let markup = ["<title>pwned", "<img src", "<svg onload", "<a href=\"javascript:"].filter(visit.document.contains)
        #expect(markup == [])
        let asItIs = visit.document.contains("&lt;/script&gt;&lt;script&gt;document.title='pwned'&lt;/script&gt;&lt;img src=x")
        #expect(asItIs)
        let title = "root.ownerDocument.title.split(' ')[0]"
        #expect(try Browser.probe(page, width: 1000, after: Browser.useOfEveryControl, title) == "Synthetic")
    }

    /// Keys whose values are words of the format, places, or dates.
    private static let kept: Set = [
        "role", "policy", "measure", "directory", "adapter", "selections", "startAdapter", "groundTruth", "startedAt",
        "finishedAt",
        "kind", "score", "pool",
    ]

    /// With the attack behind every text, and behind every key that is a name.
    private static func attacked(_ value: Any, under key: String = "") -> Any {
        switch value {
        case let text as String: kept.contains(key) ? text : text + attack
        case let items as [Any]: items.map { attacked($0, under: key) }
        case let object as [String: Any]:
            switch key {
            // Paths by the name of a split, and by those of a reference and a split.
            case "tokenLosses", "startTokenLosses", "viewerTexts": renamed(object) { $0 }
            case "referenceTokenLosses": renamed(object) { renamed($0 as! [String: Any]) { $0 } }
            case "versions": renamed(object) { attacked($0) }
            default: Dictionary(uniqueKeysWithValues: object.map { ($0, attacked($1, under: $0)) })
            }
        default: value
        }
    }

    private static func renamed(_ object: [String: Any], _ change: (Any) -> Any) -> [String: Any] {
        Dictionary(uniqueKeysWithValues: object.map { ($0 + attack, change($1)) })
    }

    // MARK: Places

    @Test func anAdapterOutsideIsReadOnlyWhereTheUserSaysSo() throws {
        var record = try smallFixture()
        let inside = record.arms[0].runs[0].adapter!
        let outside = "../\(directory.url.lastPathComponent)-outside"
        let place = directory.url.appendingPathComponent(outside).standardized
        try FileManager.default.copyItem(at: directory.url.appendingPathComponent(inside), to: place)
        defer { try? FileManager.default.removeItem(at: place) }
        record.arms[0].runs[0].startAdapter = outside
        try record.write(to: directory.url)
        let refused = try StudyFindings(directory: directory.url).gaps
        #expect(refused.contains { $0.contains(outside) && $0.contains("--follow-outside") }, "\(refused)")
        #expect(try !StudyFindings(directory: directory.url, followsOutside: true).gaps.contains { $0.contains("outside") })
    }

    /// A directory may come with a link in the report's place.
    @Test func aReportIsNotWrittenThroughALink() throws {
        _ = try smallFixture()
        let other = try TemporaryDirectory()
        let victim = other.url.appendingPathComponent("victim")
        try Data("precious".utf8).write(to: victim)
        let place = directory.url.appendingPathComponent(StudyReport.fileName)
        try FileManager.default.createSymbolicLink(at: place, withDestinationURL: victim)
        _ = try report()
        #expect(try String(contentsOf: victim, encoding: .utf8) == "precious")
        #expect(try String(contentsOf: place, encoding: .utf8).hasPrefix("<!doctype html>"))
    }

    // MARK: Numbers

    /// Token losses of fewer blocks than the other arms' are a gap, wherever they are compared.
    @Test(arguments: ["clm", "topk-0.5", "start", "reference"]) func lossesOfOtherBlocksAreAGap(of folder: String) throws {
        var record = try smallFixture()
        record.claims += [("topk-0.5", "topk-0.6-curated"), ("topk-0.6-curated", "topk-0.5")].map { arm, control in
            Claim(
                id: arm, source: "a test", says: "It moves fewer.", measure: .highToLowDifference, arm: arm, control: control,
                split: "noisy", upper: 0)
        }
        try record.write(to: directory.url)
        var changed = 0
        for case let file as URL in FileManager.default.enumerator(
            at: directory.url.appendingPathComponent(folder), includingPropertiesForKeys: nil) ?? .init()
        where file.pathExtension == "safetensors" && file.lastPathComponent.hasPrefix(RunDirectory.tokenLossesPrefix) {
            let losses = try TokenLossFile.read(file)
            let count = 2 * losses.positions
            try TokenLossFile.write(
                TokenLosses(
                    rows: 2, positions: losses.positions, losses: Array(losses.losses.prefix(count)),
                    mask: Array(losses.mask.prefix(count))), to: file)
            changed += 1
        }
        #expect(changed > 0)
        _ = try report()
        #expect(try !StudyFindings(directory: directory.url).gaps.isEmpty)
    }

    @Test(arguments: [1e300, -1e300, .infinity, .nan]) func noNumberStopsAReport(number: Double) throws {
        var record = try smallFixture()
        record.wallSeconds = number
        record.published[0].tokensPerSecond = [number, number]
        for arm in record.arms.indices {
            for run in record.arms[arm].runs.indices {
                record.arms[arm].runs[run].trainingSeconds = number
                record.arms[arm].runs[run].wallSeconds = number
                record.arms[arm].runs[run].evaluations.indices.forEach {
                    record.arms[arm].runs[run].evaluations[$0].loss = number
                }
            }
        }
        try record.write(to: directory.url)
        let page = try report()
        #expect(try Data(contentsOf: page).count > 500_000)
        _ = ArmTable(try StudyFindings(directory: directory.url)).text(color: false)
    }
}
