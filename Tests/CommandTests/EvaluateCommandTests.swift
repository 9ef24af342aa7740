import Foundation
import ModelFixtures
import Testing
import Winnow

@Suite struct EvaluateCommandTests {
    private struct Figures: Decodable {
        var loss, perplexity: Double
        var tokens, blocks, blockLength: Int
    }

    /// Plain English through the GGUF. transformers gives 9.90 on the same file; with the rows of q and k left as the GGUF
    /// permutes them it would be several times that.
    @Test func plainEnglishHasALowPerplexity() throws {
        let folder = try TemporaryFolder()
        let file = folder.file("losses.safetensors")
        let figures: Figures = try WinnowProcess(
            "evaluate", "--text", Fixtures.plainEnglish.path, "--token-losses", file.path, "--json"
        ).decoded()
        #expect(abs(figures.perplexity - 9.90) < 0.05)
        #expect(abs(figures.loss - log(figures.perplexity)) < 1e-12)
        #expect(figures.tokens == 462 && figures.blocks == 1 && figures.blockLength == 463)

        let losses = try TokenLossFile.read(file)
        #expect(losses.count == figures.tokens)
        #expect(losses.mean == figures.loss)
        let tokenizer = try Tokenizer(at: LlamaOracle.defaultModel())
        let text = try String(contentsOf: Fixtures.plainEnglish, encoding: .utf8)
        #expect(losses.inputIDs == tokenizer.encode(text))
    }

    @Test func preparedTextIsEvaluatedBySplit() throws {
        let folder = try TemporaryFolder()
        let text = try String(contentsOf: Fixtures.plainEnglish, encoding: .utf8)
        let texts = folder.file("texts")
        try FileManager.default.createDirectory(at: texts, withIntermediateDirectories: true)
        for (index, paragraph) in text.components(separatedBy: "\n\n").enumerated() {
            try Data(paragraph.utf8).write(to: texts.appendingPathComponent("\(index).txt"))
        }
        let shards = folder.file("shards").path
        let prepared = try WinnowProcess("prepare", texts.path, "--output", shards, "--validation-every", "3")
        #expect(prepared.exitCode == 0, "\(prepared.errors)")

        func evaluate(_ more: String...) throws -> WinnowProcess {
            try WinnowProcess(["evaluate", "--data", shards, "--block-length", "64", "--json"] + more)
        }
        let train: Figures = try evaluate("--split", "train").decoded()
        let validation: Figures = try evaluate().decoded()
        let corpus = try PreparedCorpus(URL(fileURLWithPath: shards))
        // Every token but the first of each block is predicted.
        #expect(train.tokens == corpus.train.tokenCount - train.blocks)
        #expect(validation.tokens == corpus.validation!.tokenCount - validation.blocks)
        #expect(train.blockLength == 64)
        let first: Figures = try evaluate("--split", "train", "--tokens", "130", "--batch-size", "1").decoded()
        #expect(first.blocks == 2 && first.tokens == 126)
        let separated: Figures = try evaluate("--split", "train", "--separators").decoded()
        #expect(separated.tokens == train.tokens + corpus.train.documentCount - (separated.blocks - train.blocks))
    }

    @Test func badUsageIsExitCode64() throws {
        for arguments in [
            [], ["--text", "a", "--data", "b"], ["--text", "a", "--separators"], ["--text", "a", "--batch-size", "0"],
            ["--text", "a", "--tokens", "0"], ["--text", "a", "--block-length", "1"], ["--data", "b", "--split", "test"],
            ["--text", Fixtures.plainEnglish.path, "--block-length", "100000"], ["--text", "a", "--block-size", "3"],
        ] {
            let process = try WinnowProcess(["evaluate"] + arguments)
            #expect(process.exitCode == 64, "\(arguments): \(process.errors)")
            #expect(process.output.isEmpty)
        }
    }

    @Test func whatCannotBeReadIsNamed() throws {
        let folder = try TemporaryFolder()
        let empty = folder.file("empty.txt")
        try Data().write(to: empty)
        for (arguments, name) in [
            (["--text", "no-such-file.txt"], "no-such-file.txt"), (["--data", "no-such-shards"], "no-such-shards"),
            (["--text", empty.path], "empty.txt"), (["--text", "a", "--model", "no-such-model"], "no-such-model"),
            (["--text", Fixtures.plainEnglish.path, "--adapter", folder.url.path], folder.url.path),
        ] {
            let process = try WinnowProcess(["evaluate"] + arguments)
            #expect(process.exitCode == 1)
            #expect(process.errors.contains(name), "\(process.errors)")
            #expect(process.output.isEmpty)
        }
    }
}
