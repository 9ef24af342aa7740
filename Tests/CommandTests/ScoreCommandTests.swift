import Foundation
import ModelFixtures
import Testing
import Winnow

@Suite struct ScoreCommandTests {
    /// A tiny model, an adapter on it, and a corpus of bytes.
    private struct Fixture {
        let folder: TemporaryFolder
        var model: String { folder.file("model").path }
        var adapter: String { folder.file("adapter").path }
        var data: String { folder.file("shards").path }
        var output: String { folder.file("store.safetensors").path }

        private struct Bytes: TextEncoder {
            let vocabularySize = 256
            func encode(_ text: String) -> [Int32] { text.utf8.map(Int32.init) }
            func decode(_ tokens: [Int32]) -> String { String(decoding: tokens.map { UInt8($0) }, as: UTF8.self) }
        }

        init() async throws {
            folder = try TemporaryFolder()
            let model = try LlamaModel.tiny(.tiny(vocabularySize: 256))
            try model.write(to: folder.file("model"))
            try LoRAAdapter.random(for: model).folder(baseModel: "tiny").write(to: folder.file("adapter"))
            let text = (0..<60).map { "{\"text\": \"Line \($0) is \($0 * $0) and more.\"}\n" }.joined()
            try Data(text.utf8).write(to: folder.file("text.jsonl"))
            var options = CorpusOptions()
            options.split = .every(6)
            let preparation = CorpusPreparation(inputs: [folder.file("text.jsonl").path], options: options, encoder: Bytes())
            _ = try await preparation.run(to: folder.file("shards"))
        }

        func score(_ more: String...) throws -> WinnowProcess {
            try WinnowProcess(["score", "--model", model, "--data", data, "--block-length", "32"] + more)
        }
    }

    private struct Result: Decodable {
        var blocks, tokens: Int
        var loss, seconds: Double
        var entropy: Double?
    }

    @Test func aStoreIsWrittenAddedToAndReadAsTokenLosses() async throws {
        let fixture = try await Fixture()
        let first: Result = try fixture.score("--adapter", fixture.adapter, "--blocks", "5", "--output", fixture.output, "--json")
            .decoded()
        #expect(first.blocks == 5 && first.tokens == 5 * 31 && first.entropy == nil && first.seconds > 0)
        let process = try fixture.score("--adapter", fixture.adapter, "--output", fixture.output)
        #expect(process.exitCode == 0 && process.errors.contains("going on after 5 of"), "\(process.errors)")
        let again = try fixture.score("--adapter", fixture.adapter, "--output", fixture.output)
        #expect(again.exitCode == 0 && again.errors.contains("is complete"), "\(again.errors)")

        let losses = try TokenLossFile.read(URL(fileURLWithPath: fixture.output))
        let evaluated = fixture.folder.file("evaluated.safetensors").path
        _ = try WinnowProcess(
            "evaluate", "--model", fixture.model, "--adapter", fixture.adapter, "--data", fixture.data, "--split", "train",
            "--block-length", "32", "--token-losses", evaluated)
        let expected = try TokenLossFile.read(URL(fileURLWithPath: evaluated))
        let count = losses.losses.count
        #expect(losses.rows > 5 && expected.rows - losses.rows <= 1, "evaluation pads the last block, training drops it")
        #expect(Difference(losses.losses, Array(expected.losses.prefix(count))).isWithin(absolute: 1e-5))
        #expect(losses.mask == Array(expected.mask.prefix(count)))
    }

    @Test func otherLossesAreRefusedUnlessOverwritten() async throws {
        let fixture = try await Fixture()
        #expect(try fixture.score("--output", fixture.output).exitCode == 0)
        let before = try Data(contentsOf: URL(fileURLWithPath: fixture.output))
        for (more, field) in [
            (["--adapter", fixture.adapter], "adapter"), (["--split", "validation"], "tokens"), (["--entropy"], "entropies"),
            (["--dtype", "float16"], "storedAs"),
        ] {
            let refused = try WinnowProcess(
                ["score", "--model", fixture.model, "--data", fixture.data, "--block-length", "32", "--output", fixture.output]
                    + more)
            #expect(refused.exitCode == 1 && refused.errors.contains(field + ":"), "\(refused.errors)")
            #expect(refused.errors.contains("--overwrite"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.output)) == before)
        }
        let replaced: Result = try fixture.score(
            "--entropy", "--dtype", "float16", "--overwrite", "--output", fixture.output, "--json"
        ).decoded()
        #expect(replaced.entropy! > 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.output)) != before)
    }

    /// Scored for a recipe, a store serves its run: the same steps as with the live reference, to the last digit.
    @Test func aRecipesStoreServesItsRun() async throws {
        let fixture = try await Fixture()
        let recipe = fixture.folder.file("recipe.yaml")
        try """
        model: \(fixture.model)
        data: {train: \(fixture.data), blockLength: 32}
        adapter: {rank: 2, alpha: 4}
        training: {tokens: 1280, batchSize: 2, evaluationTokens: 64}
        selection: {policy: topK, score: excessLoss, reference: \(fixture.adapter), ratio: 0.5}
        """.write(to: recipe, atomically: true, encoding: .utf8)
        let scored = try WinnowProcess("score", "--recipe", recipe.path, "--output", fixture.output)
        #expect(scored.exitCode == 0, "\(scored.errors)")

        func losses(_ name: String, _ more: String...) throws -> [Double] {
            let output = fixture.folder.file(name)
            let process = try WinnowProcess(["train", recipe.path, "--output", output.path] + more)
            #expect(process.exitCode == 0, "\(process.errors)")
            return try MetricsLog.read(RunDirectory(output).metrics).steps.flatMap { [$0.loss, $0.selectedLoss] }
        }
        let live = try losses("live")
        #expect(live.count == 2 * 20)
        #expect(try losses("stored", "selection.store=\(fixture.output)") == live)

        let other = try WinnowProcess(
            "train", recipe.path, "selection.store=\(fixture.output)", "selection.reference=base", "data.blockLength=16",
            "--output", fixture.folder.file("other").path)
        #expect(other.exitCode == 1)
        #expect(other.errors.contains("blockLength: the store has 32, needed is 16"), "\(other.errors)")
        #expect(other.errors.contains("adapter: the store has") && other.errors.contains("needed is none"))
    }

    private struct Comparison: Decodable {
        var jaccard, largestDifference: Double
        var tokens, selectedTokens: Int
    }

    @Test func aStoreIsComparedWithTheLiveReference() async throws {
        let fixture = try await Fixture()
        for (dtype, exact) in [("float32", true), ("float16", false)] {
            let file = fixture.folder.file(dtype).path
            #expect(try fixture.score("--adapter", fixture.adapter, "--dtype", dtype, "--output", file).exitCode == 0)
            let comparison: Comparison = try fixture.score(
                "--adapter", fixture.adapter, "--compare", file, "--ratio", "0.5", "--blocks", "16", "--json"
            ).decoded()
            #expect(comparison.tokens == 16 * 31)
            #expect(comparison.selectedTokens == 2 * (8 * 31 / 2))
            #expect(exact ? comparison.jaccard == 1 : comparison.jaccard > 0.98, "\(comparison)")
            #expect((comparison.largestDifference == 0) == exact, "\(comparison)")
        }
    }

    @Test func badUsageIsExitCode64() throws {
        for arguments in [
            [], ["--data", "a"], ["--data", "a", "--recipe", "b", "--output", "c"],
            ["--recipe", "b", "--model", "d", "--output", "c"],
            ["--data", "a", "--output", "c", "--compare", "d"], ["--data", "a", "--output", "c", "--ratio", "0.5"],
            ["--data", "a", "--compare", "c"], ["--data", "a", "--output", "c", "--blocks", "0"],
            ["--data", "a", "--output", "c", "--dtype", "float64"],
        ] {
            let process = try WinnowProcess(["score"] + arguments)
            #expect(process.exitCode == 64, "\(arguments): \(process.errors)")
        }
    }
}
