import Foundation
import ModelFixtures
import Testing
import Winnow

/// The program in `Examples/CustomPolicy`, run as its reader would run it, on a tiny model and a tiny corpus.
@Suite struct CustomPolicyTests {
    /// A token a byte.
    private struct Bytes: TextEncoder {
        let vocabularySize = 256
        func encode(_ text: String) -> [Int32] { text.utf8.map(Int32.init) }
        func decode(_ tokens: [Int32]) -> String { String(decoding: tokens.map { UInt8($0) }, as: UTF8.self) }
    }

    /// Eight blocks of 64 tokens have 8 · 63 targets, half of which are selected.
    @Test func itTrainsOnHalfOfTheTokensAndLearns() async throws {
        let folder = try TemporaryFolder()
        let documents = (0..<40).map { "Line \($0) of a text that says much the same on every line, and says it twice.\n" }
        let text = folder.file("text.jsonl")
        try Data(documents.map { #"{"text": "\#($0.dropLast())"}"# + "\n" }.joined().utf8).write(to: text)
        var options = CorpusOptions()
        options.split = .every(5)
        let preparation = CorpusPreparation(inputs: [text.path], options: options, encoder: Bytes())
        _ = try await preparation.run(to: folder.file("shards"))
        try LlamaModel.tiny(.tiny(vocabularySize: 256)).write(to: folder.file("model"))

        let run = try example([folder.file("shards").path, "2", folder.file("model").path])
        #expect(run.status == 0)
        let lines = run.output.split(separator: "\n")
        try #require(lines.count == 4, "\(run.output)")
        #expect(lines[1].hasPrefix("step 1: loss ") && lines[1].hasSuffix(", 252 of 504 tokens"))
        #expect(lines[2].hasPrefix("step 2: loss ") && lines[2].hasSuffix(", 252 of 504 tokens"))
        let before = try #require(Double(lines[0].dropFirst("before ".count)))
        let after = try #require(Double(lines[3].dropFirst("after ".count)))
        #expect(after < before)
    }

    @Test func itSaysHowItIsUsed() throws {
        let run = try example(["shards", "none"])
        #expect(run.status == 64)
        #expect(run.output.hasPrefix("usage: CustomPolicy SHARDS STEPS"))
    }

    /// Runs the executable, which is built beside the tests.
    private func example(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = Bundle.main.bundleURL.appendingPathComponent("CustomPolicy")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}
