import Foundation
import ModelFixtures
import Testing
import Winnow

/// `winnow score`, `evaluate` and `prepare` in several processes, against one.
@Suite(.serialized) struct ParallelCommandsTests {
    /// A tiny model, a text of bytes in blocks of 16, and a recipe that wants a reference's losses.
    private struct Fixture {
        let folder: TemporaryFolder
        let blocks: Int
        var model: String { folder.file("model").path }
        var data: String { folder.file("shards").path }
        var recipe: String { folder.file("recipe.yaml").path }

        private struct Bytes: TextEncoder {
            let vocabularySize = 256
            func encode(_ text: String) -> [Int32] { text.utf8.map(Int32.init) }
            func decode(_ tokens: [Int32]) -> String { String(decoding: tokens.map { UInt8($0) }, as: UTF8.self) }
        }

        init(lines: Int) async throws {
            folder = try TemporaryFolder()
            try LlamaModel.tiny(.tiny(vocabularySize: 256)).write(to: folder.file("model"))
            let text = (0..<lines).map { "{\"text\": \"Line \($0) is \($0 * $0) and more.\"}\n" }.joined()
            try Data(text.utf8).write(to: folder.file("text.jsonl"))
            var options = CorpusOptions()
            options.split = .every(6)
            let manifest = try await CorpusPreparation(
                inputs: [folder.file("text.jsonl").path], options: options, encoder: Bytes()
            ).run(to: folder.file("shards"))
            blocks = manifest.train.tokens / 16
            try """
            model: \(folder.file("model").path)
            data: {train: \(folder.file("shards").path), blockLength: 16}
            adapter: {rank: 2, alpha: 4}
            training: {tokens: \(manifest.train.tokens), batchSize: 3, evaluationTokens: 64}
            selection: {policy: topK, score: selfReference, reference: base, ratio: 0.5}
            compute: {threads: 1}
            """.write(to: folder.file("recipe.yaml"), atomically: true, encoding: .utf8)
        }

        func store(_ name: String) -> URL { folder.file(name + ".safetensors") }

        func scoring(into name: String) -> [String] {
            ["score", "--recipe", recipe, "--entropy", "--output", store(name).path, "--json"]
        }

        /// All that has to be the same in two stores: seconds are what they took.
        func contents(_ name: String) throws -> [String: Data] {
            let file = try SafetensorsFile(store(name))
            var contents = file.metadata.filter { $0.key != "scoringSeconds" }.mapValues { Data($0.utf8) }
            for tensor in ["losses", "entropies", "blocks", "lengths"] {
                contents[tensor] = try file.withBytes(of: tensor) { Data($0) }
            }
            return contents
        }
    }

    private struct Scored: Decodable, Equatable {
        var blocks, tokens: Int
        var loss, entropy: Double
    }

    // MARK: score

    @Test(arguments: [2, 3]) func ranksScoreWhatOneProcessScores(count: Int) async throws {
        let fixture = try await Fixture(lines: 60)
        let one: Scored = try WinnowProcess(fixture.scoring(into: "one")).decoded()
        let processes = try RankProcesses.start(count) { _ in fixture.scoring(into: "several") }
        RankProcesses.finish(processes)
        #expect(try JSONDecoder().decode(Scored.self, from: Data(processes[0].output.utf8)) == one)
        #expect(processes.dropFirst().allSatisfy { $0.output == "" && $0.errors == "" }, "only the first rank says something")
        #expect(try fixture.contents("several") == fixture.contents("one"))
        #expect(one.blocks > 3 * count)

        // Complete: there is nothing to do, and all know it.
        let again = try RankProcesses.start(count) { _ in fixture.scoring(into: "several") }
        RankProcesses.finish(again)
        #expect(again[0].errors.contains("is complete"), "\(again[0].errors)")
    }

    @Test(arguments: [0, 1]) func aKilledScoringGoesOn(victim: Int) async throws {
        let fixture = try await Fixture(lines: 2500)
        let one = try WinnowProcess(fixture.scoring(into: "one"))
        #expect(one.exitCode == 0, "\(one.errors)")
        let partial = fixture.store("several").appendingPathExtension("partial").path
        let processes = try RankProcesses.start(2) { _ in fixture.scoring(into: "several") }
        // Some hundred rows of 16 losses and entropies.
        try processes[0].wait {
            (try? FileManager.default.attributesOfItem(atPath: partial)[.size] as? Int).flatMap { $0 } ?? 0 > 50_000
        }
        RankProcesses.kill(victim, of: processes)
        #expect(!FileManager.default.fileExists(atPath: fixture.store("several").path))

        // As many ranks, one more, or one alone: batches are the same.
        let again = try RankProcesses.start(victim == 0 ? 2 : 3) { _ in fixture.scoring(into: "several") }
        RankProcesses.finish(again)
        #expect(again[0].errors.contains("going on after"), "\(again[0].errors)")
        #expect(try fixture.contents("several") == fixture.contents("one"))
    }

    /// The signal reaches one rank alone.
    @Test func aSignalStopsAllRanksOfAScoring() async throws {
        let fixture = try await Fixture(lines: 2500)
        let partial = fixture.store("several").appendingPathExtension("partial").path
        let processes = try RankProcesses.start(2) { _ in fixture.scoring(into: "several") }
        try processes[0].wait { FileManager.default.fileExists(atPath: partial) }
        processes[1].send(SIGTERM)
        for process in processes { #expect(process.wait() == 143, "\(process.errors)") }
        #expect(processes[0].errors.contains("the same command goes on"), "\(processes[0].errors)")
        #expect(FileManager.default.fileExists(atPath: partial))
    }

    @Test func ranksThatScoreSomethingElseAreRefused() async throws {
        let fixture = try await Fixture(lines: 60)
        let processes = try RankProcesses.start(2) { rank in
            [
                "score", "--model", fixture.model, "--data", fixture.data, "--block-length", rank == 0 ? "16" : "8",
                "--output", fixture.store("refused").path,
            ]
        }
        #expect(processes.map { $0.wait() } == [1, 1])
        #expect(
            processes[1].errors.contains("has another block length, another list of blocks than rank 0"), "\(processes[1].errors)"
        )
        for process in try RankProcesses.start(
            2,
            { _ in
                ["score", "--data", fixture.data, "--compare", fixture.store("refused").path, "--student", "x"]
            })
        {
            #expect(process.wait() == 64 && process.errors.contains("--compare runs in one process"), "\(process.errors)")
        }
    }

    // MARK: evaluate

    private struct Figures: Decodable {
        var loss: Double
        var tokens, blocks: Int
    }

    @Test func ranksEvaluateWhatOneProcessEvaluates() async throws {
        let fixture = try await Fixture(lines: 60)
        func command(_ name: String) -> [String] {
            [
                "evaluate", "--model", fixture.model, "--data", fixture.data, "--block-length", "16", "--batch-size", "2",
                "--token-losses", fixture.store(name).path, "--json",
            ]
        }
        let one: Figures = try WinnowProcess(command("one")).decoded()
        let processes = try RankProcesses.start(3) { _ in command("several") }
        RankProcesses.finish(processes)
        let several = try JSONDecoder().decode(Figures.self, from: Data(processes[0].output.utf8))
        #expect(several.tokens == one.tokens && several.blocks == one.blocks && abs(several.loss - one.loss) < 1e-6)
        #expect(processes.dropFirst().allSatisfy { $0.output == "" && $0.errors == "" })
        let (left, right) = (try TokenLossFile.read(fixture.store("several")), try TokenLossFile.read(fixture.store("one")))
        #expect(left.mask == right.mask && left.inputIDs == right.inputIDs)
        // A process alone has the threads of all.
        #expect(Difference(left.losses, right.losses).isWithin(absolute: 1e-6))
        #expect(left.losses.contains { $0 > 1 })
    }

    // MARK: prepare

    @Test func ranksPrepareWhatOneProcessPrepares() throws {
        let folder = try TemporaryFolder()
        let text = try String(contentsOf: Fixtures.plainEnglish, encoding: .utf8)
        let sentences = text.split(separator: ".").map {
            "{\"text\": \"\($0.replacing("\n", with: " ").replacing("\"", with: "'"))\"}\n"
        }
        try Data((sentences + sentences.prefix(3)).joined().utf8).write(to: folder.file("text.jsonl"))
        try Data(text.utf8).write(to: folder.file("whole.txt"))
        func command(_ name: String) -> [String] {
            [
                "prepare", folder.file("text.jsonl").path, folder.file("whole.txt").path, "--validation-every", "4", "--output",
                folder.file(name).path, "--json",
            ]
        }
        let one = try WinnowProcess(command("one"))
        #expect(one.exitCode == 0, "\(one.errors)")
        let processes = try RankProcesses.start(2) { _ in command("several") }
        RankProcesses.finish(processes)
        #expect(processes[0].output == one.output && processes[1].output == "")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("one").path).sorted()
        #expect(try files == FileManager.default.contentsOfDirectory(atPath: folder.file("several").path).sorted())
        #expect(files.count == 5)
        for file in files {
            let bytes = try ["one", "several"].map { try Data(contentsOf: folder.file($0).appendingPathComponent(file)) }
            #expect(bytes[0] == bytes[1], "\(file)")
        }
    }

    /// One rank finds what it can't read: it says so, the other that it is alone, and nothing is left.
    @Test func aRankThatFailsLeavesNoCorpus() throws {
        let folder = try TemporaryFolder()
        try Data("{\"text\": \"a\"}\n{\"other\": \"b\"}\n".utf8).write(to: folder.file("text.jsonl"))
        let processes = try RankProcesses.start(2) { _ in
            ["prepare", folder.file("text.jsonl").path, "--output", folder.file("shards").path]
        }
        #expect(processes.map { $0.wait() } == [1, 1])
        #expect(processes[1].errors.contains("text.jsonl") && processes[1].errors.contains("2"), "\(processes[1].errors)")
        #expect(processes[0].errors.contains("rank 0 of 2 lost the others while comparing documents"), "\(processes[0].errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["text.jsonl"])
    }
}
