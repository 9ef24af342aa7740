import Foundation
import FuzzedReaders
import Reporting

/// A study's directory out of one input, and the report of it.
enum ReportInput {
    /// In the order of the input's parts; a seed's `study.json` names them.
    static let files = [
        "study.json", "metrics.jsonl", "viewer.json", "ground-truth.json", "selections.bin", "a.safetensors", "b.safetensors",
    ]

    static func read(_ input: UnsafeBufferPointer<UInt8>, in folder: ScratchFolder) throws {
        try folder.files(files, dividing: input)
        let findings = try StudyFindings(directory: folder.url)
        _ = ArmTable(findings).text(color: true)
        _ = StudyReport(findings).html(library: try PlottingLibrary(library(in: folder)))
    }

    /// Stands in for plotly.js, which is ten times as long.
    private static func library(in folder: ScratchFolder) throws -> URL {
        let url = folder.url.appendingPathComponent("plotly.min.js")
        guard !FileManager.default.fileExists(atPath: url.path) else { return url }
        return try folder.file(url.lastPathComponent, Array("/* plotly.js */".utf8) + Array(repeating: 0x20, count: 500_001))
    }
}
