import Foundation
import ModelFixtures
import Testing

@Suite struct TokenizeCommandTests {
    /// Threads share the files, and the order of the lines stays that of the files.
    @Test func threadsChangeNoID() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokenize-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = try (0..<9).map { index in
            let file = folder.appendingPathComponent("\(index).txt")
            try String(repeating: "Text number \(index), said again. ", count: 1 + 400 * (index % 3)).write(
                to: file, atomically: true, encoding: .utf8)
            return file.path
        }
        let (one, three) = (
            try WinnowProcess(["tokenize"] + files + ["--json"]),
            try WinnowProcess(["tokenize"] + files + ["--json", "--threads", "3"])
        )
        #expect(one.exitCode == 0 && one.output == three.output, "\(one.errors)\(three.errors)")
        let lines = one.output.split(separator: "\n")
        #expect(lines.count == 9 && Set(lines).count == 9)
        let summary = try WinnowProcess(["tokenize"] + files + ["--threads", "2"])
        #expect(summary.output.split(separator: "\n").last?.hasPrefix("all 9 files: ") == true)
    }

    @Test func aThreadIsTheLeast() throws {
        let process = try WinnowProcess("tokenize", "--threads", "0", Fixtures.plainEnglish.path)
        #expect(process.exitCode == 64 && process.errors.contains("--threads is 1 or more"))
    }
}
