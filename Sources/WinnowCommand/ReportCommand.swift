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

    func run() throws {
        let url = URL(fileURLWithPath: directory)
        // First, so that a missing library doesn't cost the analysis.
        let library = try PlottingLibrary(PlottingLibrary.location())
        print(try StudyReport(StudyFindings(directory: url)).write(to: url, library: library).path)
    }
}
