import Foundation
import ModelFixtures
import Testing
import Winnow

/// `winnow prepare`, alone and killed among others.
@Suite(.serialized) struct PrepareCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Documents that differ, about 2 KB each.
    private func write(_ count: Int, to name: String) throws {
        let text = try String(contentsOf: Fixtures.plainEnglish, encoding: .utf8)
            .replacing("\n", with: " ").replacing("\"", with: "'")
        var lines = Data()
        for number in 0..<count { lines += Data("{\"text\": \"Number \(number). \(text)\"}\n".utf8) }
        try lines.write(to: folder.file(name))
    }

    /// Whether the hidden folder that is filled has tokens: some of the work is done.
    private func hasBegun() throws -> Bool {
        try names().filter { $0.hasPrefix(".shards.") }.contains { hidden in
            // The shard has a hidden name, too, until it is whole.
            let files = try? FileManager.default.contentsOfDirectory(
                at: folder.file(hidden), includingPropertiesForKeys: [.fileSizeKey], options: [])
            return (files ?? []).contains {
                $0.lastPathComponent.contains("train.tokens")
                    && (try? $0.resourceValues(forKeys: [.fileSizeKey]).fileSize).flatMap { $0 } ?? 0 > 100_000
            }
        }
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() }

    @Test func whatItSaysIsWhatItWrote() throws {
        try write(40, to: "text.jsonl")
        let more = ["Number 3.", "Number 3.", " "].map { "{\"text\": \"\($0)\"}\n" }.joined()
        try Data(more.utf8).write(to: folder.file("more.jsonl"))
        let command = [
            "prepare", folder.file("*.jsonl").path, "--validation-every", "4", "--output", folder.file("shards").path,
        ]
        let summary = try WinnowProcess(command)
        #expect(summary.exitCode == 0, "\(summary.errors)")
        let corpus = try PreparedCorpus(folder.file("shards"))
        let manifest = corpus.manifest
        #expect(manifest.train.documents == 31 && manifest.validation?.documents == 10)
        #expect(corpus.train.tokenCount == manifest.train.tokens && manifest.train.tokens > 31 * 400)
        for part in ["train", "31 documents", "10 documents", "\(manifest.train.tokens) tokens", "1 duplicate", "from 2 files"] {
            #expect(summary.output.contains(part), "\(part): \(summary.output)")
        }
        // What is there stays, unless it is a corpus and one says so.
        let again = try WinnowProcess(command)
        #expect(again.exitCode == 1 && again.errors.contains("--overwrite"), "\(again.errors)")
        let json: CorpusManifest = try WinnowProcess(command + ["--overwrite", "--json"]).decoded()
        #expect(json == manifest)
        let elsewhere = try WinnowProcess(Array(command.dropLast()) + [folder.url.path, "--overwrite"])
        #expect(elsewhere.exitCode == 1 && elsewhere.errors.contains("is not a prepared corpus"), "\(elsewhere.errors)")
        #expect(try names() == ["more.jsonl", "shards", "text.jsonl"])
    }

    @Test func aSignalLeavesNothing() throws {
        try write(20_000, to: "text.jsonl")
        let process = try LiveWinnow(["prepare", folder.file("text.jsonl").path, "--output", folder.file("shards").path])
        try process.wait { try hasBegun() }
        process.send(SIGTERM)
        #expect(process.wait() == 143, "\(process.errors)")
        #expect(try names() == ["text.jsonl"])
    }

    /// The rank that writes, or the other.
    @Test(arguments: [0, 1]) func aKilledRankEndsAllAndLeavesNoCorpus(victim: Int) throws {
        try write(20_000, to: "text.jsonl")
        func start() throws -> [LiveWinnow] {
            try RankProcesses.start(2) { _ in
                ["prepare", folder.file("text.jsonl").path, "--validation-every", "9", "--output", folder.file("shards").path]
            }
        }
        let processes = try start()
        try processes[0].wait { try hasBegun() }
        RankProcesses.kill(victim, of: processes)
        // Who was killed can't clear away what it has begun.
        #expect(try names().filter { !$0.hasPrefix(".shards.") } == ["text.jsonl"])
        #expect(try names().count == (victim == 0 ? 2 : 1))

        let again = try start()
        RankProcesses.finish(again)
        let manifest = try PreparedCorpus(folder.file("shards")).manifest
        #expect(manifest.train.documents + (manifest.validation?.documents ?? 0) == 20_000)
    }
}
