import Foundation

/// A study's report: one HTML file that holds everything it shows.
public struct StudyReport: Sendable {
    public static let fileName = "report.html"

    public let findings: StudyFindings

    public init(_ findings: StudyFindings) { self.findings = findings }

    /// The document.
    public func html(library: PlottingLibrary) -> String { ReportPage(findings: findings, library: library).html }

    /// Writes `report.html` into `directory`, whole or not at all, and returns where it is.
    @discardableResult
    public func write(to directory: URL, library: PlottingLibrary) throws -> URL {
        let url = directory.appendingPathComponent(Self.fileName)
        do { try Data(html(library: library).utf8).write(to: url, options: .atomic) } catch {
            throw ReportError.unwritable(file: url.path, reason: error.localizedDescription)
        }
        return url
    }
}
