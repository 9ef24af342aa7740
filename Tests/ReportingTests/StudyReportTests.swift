import Foundation
import Reporting
import RunRecords
import Testing

/// The report in a real browser. Where `WINNOW_SCREENSHOTS` names a folder, pictures are left there to be looked at.
@Suite(.serialized) struct StudyReportTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func report(_ fixture: (inout StudyFixture) -> Void = { _ in }) throws -> URL {
        try StudyFixture(directory: directory.url, fixture).write()
        let library = try PlottingLibrary(PlottingLibrary.location())
        return try StudyReport(StudyFindings(directory: directory.url)).write(to: directory.url, library: library)
    }

    @Test(arguments: [Browser.Scheme.light, .dark])
    func itDrawsEveryFigureAndTheConsoleStaysSilent(scheme: Browser.Scheme) throws {
        let page = try report()
        let visit = try Browser().visit(page, scheme: scheme)
        #expect(visit.console.isEmpty, "\(visit.console)")
        for figure in [
            "figure-differences", "figure-validation", "figure-training", "figure-ratio", "figure-buckets", "figure-categories",
            "figure-probe", "figure-selection",
        ] {
            let start = try #require(visit.document.range(of: "id=\"\(figure)\""))
            let end = try #require(visit.document.range(of: "</figure>", range: start.upperBound..<visit.document.endIndex))
            #expect(visit.document[start.upperBound..<end.lowerBound].contains("class=\"main-svg\""), "\(figure)")
        }
        #expect(visit.document.contains("class=\"token\" role=\"option\""))
    }

    @Test func theNumbersOnThePageAreTheFindings() throws {
        let text = try String(contentsOf: report(), encoding: .utf8)
        let findings = try StudyFindings(directory: directory.url)
        let difference = try #require(findings.arms[3].splits["noisy"]?.difference?.difference)
        #expect(text.contains(">" + String(format: "+%.3f", difference) + "<span class=\"interval\">"))
        // The published figures stand beside, with their faults.
        for figure in ["9.89", "11.40", "10.04", "10.05", "11.17", "11.53", "0.9116", "2.43 %", "1,209–1,443"] {
            #expect(text.contains(figure), "\(figure)")
        }
        #expect(text.contains("without shifting the labels"))
    }

    @Test func textFromAStudyIsInert() throws {
        let attack = "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
        let page = try report { study in
            study.arms[0].label = attack
            study.arms[2].label = "<b>&amp;\"'" + attack
            study.title = "A title with " + attack
            study.modelNote = attack
        }
        let source = try String(contentsOf: page, encoding: .utf8)
        #expect(!source.contains(attack))
        #expect(!source.contains("<img src"))
        let visit = try Browser().visit(page)
        #expect(visit.console.isEmpty, "\(visit.console)")
        #expect(!visit.document.contains("<title>pwned"))
        #expect(visit.document.contains("<title>A title with &lt;/script&gt;"))
        #expect(!visit.document.contains("<img src"))
    }

    @Test func itAsksNothingOfTheNetwork() throws {
        let source = try String(contentsOf: report(), encoding: .utf8)
        let own = source.components(separatedBy: "<script>").first ?? ""
        #expect(own.contains("default-src 'none'"))
        #expect(!own.contains("http:") && !own.contains("https:"))
    }

    @Test func nothingSpillsOverANarrowScreen() throws {
        // Chromium has no narrower window than 500 pixels: an inner frame is as narrow as it is told to be.
        let widths = try Browser.probe(
            report(), width: 360, "`${root.clientWidth <= 360} ${root.scrollWidth - root.clientWidth}`")
        #expect(widths == "true 0")
        try picture(directory.url.appendingPathComponent(StudyReport.fileName))
    }

    @Test func aCheckBoxHidesItsArmInTheCurves() throws {
        let lines = "['validation', 'training'].map((name) => root.querySelectorAll(`#figure-${name} .js-line`).length).join()"
        // On two panels: eight arms with three seeds and a mean, and one with one seed. In training: nine means, and the
        // difference from the baseline of six arms that saw its blocks.
        let page = try report()
        #expect(try Browser.probe(page, width: 1000, lines) == "66,15")
        let box = "root.querySelector('#curves .legend [data-arm=\"2\"]')"
        #expect(try Browser.probe(page, width: 1000, "\(box).click(), \(lines)") == "58,13")
    }

    @Test func theSegmentsSwitchTheAxis() throws {
        let page = try report()
        let far = "root.querySelector('#figure-validation .plot').data.find((trace) => trace.name === 'top-k 0.3').x.at(-1)"
        let title = "root.querySelector('#figure-validation .xtitle').textContent"
        #expect(try Browser.probe(page, width: 1000, "`${\(far)} ${\(title)}`") == "60960 training tokens")
        let click = "root.querySelector('#curves input[value=selected]').click()"
        let tokens = Int(0.3 * Double(StudyFixture.tokensPerStep)) * StudyFixture.steps
        #expect(
            try Browser.probe(page, width: 1000, "(\(click), `${\(far)} ${\(title)}`)")
                == "\(tokens) tokens that carried the loss")
    }

    @Test func arrowKeysWalkThroughTheTokens() throws {
        let page = try report()
        let press = """
            const key = (key) => root.ownerDocument.activeElement.dispatchEvent(
              new frame.contentWindow.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
            const place = () => root.querySelector(".token[aria-selected]").dataset.place;
            const fact = (name) => [...root.querySelectorAll(".token-facts div")]
              .find((entry) => entry.firstChild.textContent === name)?.lastChild.textContent;
            root.querySelector(".token-text .token").focus();
            """
        let walk = """
            (() => { \(press)
              key("ArrowRight"); key("ArrowRight"); key("ArrowLeft");
              const first = place(); key("End"); const last = place(); key("Home"); key("ArrowDown");
              const below = Number(place()) > 3; key("ArrowUp");
              const back = place(); key("PageDown");
              return [first, last, below, back, root.querySelector("select[name=block]").value].join(" ");
            })()
            """
        #expect(try Browser.probe(page, width: 700, walk) == "1 \(StudyFixture.positions - 1) true 0 1")

        let losses = try TokenLossFile.read(directory.url.appendingPathComponent("clm/seed-0/token-losses-noisy.safetensors"))
        let loss = String(format: "%.3f", (Double(losses.losses[1]) * 1000).rounded() / 1000)
        #expect(try Browser.probe(page, width: 700, "(() => { \(press) key('ArrowRight'); return fact('loss'); })()") == loss)
    }

    @Test func everyMeasureShadesTheTokens() throws {
        let page = try report()
        let look = """
            (() => {
              const choose = (name, value) => {
                const box = root.querySelector(`select[name=${name}]`);
                box.value = value;
                box.dispatchEvent(new Event("change", { bubbles: true }));
              };
              const seen = [];
              for (const page of [0, 1]) for (const arm of [0, 6]) {
                choose("page", page);
                choose("arm", arm);
                const measures = [...root.querySelectorAll("select[name=measure] option")].map((option) => option.value);
                for (const measure of measures) {
                  choose("measure", measure);
                  const shades = new Set([...root.querySelectorAll(".token-text .token")].map((token) => token.className + token.style.cssText));
                  seen.push(`${measure} ${shades.size > 2} ${root.querySelector(".token-key").children.length > 1}`);
                }
              }
              return seen.join();
            })()
            """
        let found = try Browser.probe(page, width: 1000, look).components(separatedBy: ",")
        let plain = ["loss", "reference", "excess", "start", "category"]
        let selecting = ["loss", "reference", "excess", "start", "baseline", "category", "picked"]
        #expect(found == (plain + selecting + plain + selecting).map { "\($0) true true" })
    }

    @Test func aCorpusOfMarkupIsText() throws {
        let page = try report {
            $0.words = ["<script>", "document.title='pwned'", "</script>", "<img src=x onerror=alert(1)>", "&amp;"]
        }
        let visit = try Browser().visit(page)
        #expect(visit.console.isEmpty, "\(visit.console)")
        #expect(!visit.document.contains("<title>pwned"))
        #expect(!visit.document.contains("<img src"))
        #expect(visit.document.contains("&lt;/script&gt;</span>"))
    }

    @Test func itPrintsOnPagesOfPaper() throws {
        let file = directory.url.appendingPathComponent("report.pdf")
        try Browser().pdf(report(), to: file)
        let paper = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let pages = paper.matches(of: /\/Type \/Page\b(?!s)/).count
        // Fewer, and something was cut off or left folded; more, and the figures have run apart.
        #expect((8...24).contains(pages), "\(pages) pages")
    }

    @Test func theReplicationsEvaluationStandsBesideTheMeanOverTokens() throws {
        let text = try String(contentsOf: report(), encoding: .utf8)
        #expect(text.contains("Mean of batch means"))
        let findings = try StudyFindings(directory: directory.url)
        let ends = findings.arms[0].runs.map { $0.run.end(on: "noisy")! }
        #expect(ends.allSatisfy { $0.batchMeanLoss != nil })
        let excess = ends.reduce(0) { $0 + $1.batchMeanLoss! - $1.loss } / Double(ends.count)
        #expect(text.contains(String(format: "+%.5f", excess)))
    }

    @Test func everyControlCanBeClickedWithoutAnError() throws {
        #expect(try Browser.probe(report(), width: 1000, "\(Browser.useOfEveryControl) > 20") == "true")
    }

    /// Leaves pictures where they are asked for; a report that looks wrong is found by looking.
    private func picture(_ page: URL) throws {
        guard let folder = ProcessInfo.processInfo.environment["WINNOW_SCREENSHOTS"] else { return }
        for (name, scheme, width) in [("light", Browser.Scheme.light, 1200), ("dark", .dark, 1200), ("narrow", .light, 500)] {
            let file = URL(fileURLWithPath: folder).appendingPathComponent("report-\(name).png")
            try Browser().screenshot(page, to: file, scheme: scheme, width: width, height: 15000)
        }
        for (name, scheme, width) in [("light", Browser.Scheme.light, 1200), ("dark", .dark, 1200), ("narrow", .light, 500)] {
            let viewer = try #require(URL(string: page.absoluteString + "#tokens"))
            let file = URL(fileURLWithPath: folder).appendingPathComponent("viewer-\(name).png")
            try Browser().screenshot(viewer, to: file, scheme: scheme, width: width, height: 1000)
        }
        try? FileManager.default.copyItem(at: page, to: URL(fileURLWithPath: folder).appendingPathComponent("report.html"))
        try Browser().pdf(page, to: URL(fileURLWithPath: folder).appendingPathComponent("report.pdf"))
    }
}

@Suite struct PlottingLibraryTests {
    @Test func withoutItTheErrorSaysWhatToRun() throws {
        let missing = FileManager.default.temporaryDirectory.appendingPathComponent("none/plotly.min.js")
        let error = #expect(throws: ReportError.self) { try PlottingLibrary(missing) }
        #expect(error?.description.contains("make setup") == true)
    }

    @Test func halfADownloadIsRefused() throws {
        let directory = try TemporaryDirectory()
        let whole = try PlottingLibrary(PlottingLibrary.location()).source
        let file = directory.url.appendingPathComponent("plotly.min.js")
        try Data(whole.utf8.prefix(100_000)).write(to: file)
        #expect(throws: ReportError.notAPlottingLibrary(file.path)) { try PlottingLibrary(file) }
    }

    @Test func itsPlaceFollowsTheEnvironment() {
        func path(_ environment: [String: String]) -> String { PlottingLibrary.location(environment: environment).path }
        #expect(path(["WINNOW_PLOTLY": "/a/p.js", "WINNOW_CACHE": "/c"]) == "/a/p.js")
        #expect(path(["WINNOW_CACHE": "/c", "XDG_CACHE_HOME": "/x"]) == "/c/plotly/7.1.0/plotly.min.js")
        #expect(path(["WINNOW_PLOTLY": "", "XDG_CACHE_HOME": "/x"]) == "/x/winnow/plotly/7.1.0/plotly.min.js")
    }
}
