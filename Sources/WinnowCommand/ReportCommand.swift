import ArgumentParser
import Foundation
import Winnow

/// `winnow report`: the HTML report of a study.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a study's report: one HTML file that opens offline.")

    @Argument(help: "The study's directory, which holds study.json.", completion: .directory)
    var directory: String

    @Flag(help: "Also read the adapter that a run began from where it lies outside the directory.")
    var followOutside = false

    func run() throws {
        let url = URL(fileURLWithPath: directory)
        // First, so that a missing library doesn't cost the analysis.
        let library = try PlottingLibrary(PlottingLibrary.location())
        let findings = try StudyFindings(directory: url, followsOutside: followOutside)
        print(try StudyReport(findings).write(to: url, library: library).path)
    }
}
