import Checkpoints
import Corpora
import Experiments
import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import Tokenizers

@Suite struct GroundTruthRunnerTests {
    @Test func everyTextIsScoredUnderEveryModel() async throws {
        let tiny = try await Fixture()
        var told = 0
        var runner = try tiny.runner()
        runner.onProgress = { _, tokens, _ in told += tokens }
        #expect(try runner() == .finished)

        let record = try GroundTruthRecord.read(from: runner.file)
        #expect(record.student == "model, before training")
        #expect(record.tests.map(\.name) == ["swapped-words", "ocr", "champ"])
        for test in record.tests {
            #expect(
                test.scores.map(\.name) == [
                    "loss", "entropy", "negativeProbability", "excessLoss-other", "referenceLoss-other", "referenceEntropy-other",
                ])
            #expect(test.badTokens > 0 && test.badTokens < test.tokens)
            // −p falls with the loss, and ranks alike.
            #expect(test.scores[0].auroc == test.scores[2].auroc)
            #expect(test.scores[2].againstLoss == .init(value: 0, lowerBound: 0, upperBound: 0))
            #expect(test.scores[0].againstLoss == nil)
            for score in test.scores.dropFirst() {
                let difference = try #require(score.againstLoss)
                #expect(abs(difference.value - (score.auroc - test.scores[0].auroc)) < 1e-12)
                #expect(difference.lowerBound <= difference.value && difference.value <= difference.upperBound)
            }
            // Two of so few tokens may have one area by chance, but not one interval as well.
            #expect(Set(test.scores.map { [$0.auroc, $0.lowerBound, $0.upperBound] }).count == 5)
            #expect(test.scores.allSatisfy { $0.precision.count == 4 })
        }
        // 20 whole blocks of 16 of the 330 tokens asked for, of which 15 count.
        #expect(record.tests[0].blocks == 20)
        #expect(record.tests[0].tokens == 300)
        #expect(record.tests[0].text.contains("15%") && record.tests[0].text.contains("exchanged"))
        #expect(told == 2 * 16 * record.tests.reduce(0) { $0 + $1.blocks })
    }

    @Test func aStoppedTestGoesOn() async throws {
        let tiny = try await Fixture()
        let whole = try tiny.runner(in: "whole")
        #expect(try whole() == .finished)
        var (stops, told) = (0, 0)
        while true {
            var runner = try tiny.runner(in: "parts")
            var questions = 0
            runner.shouldStop = {
                questions += 1
                return questions > 7
            }
            runner.onProgress = { _, tokens, _ in told += tokens }
            if try runner() == .finished { break }
            stops += 1
            try #require(stops < 10)
        }
        #expect(stops == 2)
        let expected = try GroundTruthRecord.read(from: whole.file)
        #expect(try GroundTruthRecord.read(from: tiny.runner(in: "parts").file) == expected)

        // What is finished is not scored again; another kind of damage is scored alone.
        told = 0
        var again = try tiny.runner(in: "parts", changes: ["corruptions=[swapped-words, ocr, shuffled-spans]"])
        again.onProgress = { name, tokens, _ in
            #expect(name == "shuffled-spans")
            told += tokens
        }
        #expect(try again() == .finished)
        #expect(told == 2 * 16 * 20)
        let record = try GroundTruthRecord.read(from: again.file)
        #expect(record.tests.map(\.name) == ["swapped-words", "ocr", "shuffled-spans", "champ"])
        #expect(record.tests.filter { $0.name != "shuffled-spans" } == expected.tests)
    }

    @Test func otherDamageOrAnotherReferenceIsScoredAnew() async throws {
        let tiny = try await Fixture()
        let first = try tiny.runner()
        #expect(try first() == .finished)
        let before = try GroundTruthRecord.read(from: first.file)
        #expect(try tiny.runner(changes: ["seed=1"])() == .finished)
        #expect(try GroundTruthRecord.read(from: first.file).tests != before.tests)

        #expect(try tiny.runner()() == .finished)
        #expect(try GroundTruthRecord.read(from: first.file) == before)
        try tiny.writeReference(seed: 9)
        #expect(try tiny.runner()() == .finished)
        let after = try GroundTruthRecord.read(from: first.file)
        #expect(after.tests[0].scores[0] == before.tests[0].scores[0])
        #expect(after.tests[0].scores[4].auroc != before.tests[0].scores[4].auroc)
    }

    @Test func aStudentWithAnAdapterIsComparedWithItsBase() async throws {
        let tiny = try await Fixture()
        let runner = try tiny.runner(start: "reference/other", changes: ["corruptions=[ocr]", "champ=false"])
        #expect(try runner() == .finished)
        let record = try GroundTruthRecord.read(from: runner.file)
        #expect(record.student == "model with the adapter other, before training")
        let scores = record.tests[0].scores.map(\.name)
        #expect(
            scores == [
                "loss", "entropy", "negativeProbability", "excessLoss-base", "referenceLoss-base", "referenceEntropy-base",
            ])
    }

    @Test func aStudyTestsScoresBeforeItsArms() async throws {
        let tiny = try await Fixture()
        let directory = tiny.folder.file("new")
        var (stops, order, last) = (0, [String](), StudyProgress())
        while true {
            let runner = StudyRunner(
                try tiny.study(changes: []), source: "", in: directory, workspace: Workspace(input: tiny.input))
            var questions = 0
            runner.shouldStop = {
                questions += 1
                return questions > 20
            }
            runner.onProgress = {
                last = $0
                if order.last != $0.run { order.append($0.run) }
            }
            if try runner() == .finished { break }
            stops += 1
            try #require(stops < 20)
        }
        #expect(stops > 1)
        let texts = order.filter { $0.hasPrefix("ground truth") }
        #expect(Set(texts) == ["ground truth: swapped-words", "ground truth: ocr", "ground truth: champ"])
        let reference = try #require(order.lastIndex(of: "reference/other"))
        let arm = try #require(order.firstIndex(of: "clm"))
        #expect(order[reference..<arm].contains("ground truth: champ"))
        #expect(last.done <= last.total * 1.001)
        let record = try StudyRecord.read(from: directory)
        #expect(record.groundTruth == "ground-truth.json")
        #expect(try GroundTruthRecord.read(from: directory.appendingPathComponent(record.groundTruth!)).tests.count == 3)
    }

    @Test func whatIsMissingIsNamedBeforeAnythingIsTrained() async throws {
        let tiny = try await Fixture()
        try FileManager.default.removeItem(at: tiny.input.champLocation)
        let directory = tiny.folder.file("new")
        let study = StudyRunner(try tiny.study(changes: []), source: "", in: directory, workspace: Workspace(input: tiny.input))
        let absence = #expect(throws: DefaultInput.Absence.self) { try study() }
        #expect(absence?.path == tiny.input.champLocation.path)
        #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("reference").path))

        try FileManager.default.removeItem(at: tiny.folder.file("model/tokenizer.json"))
        let error = #expect(throws: TokenizerAbsence.self) { try tiny.runner(changes: ["champ=false"])() }
        #expect(error?.description.contains("tokenizer.json") == true)
    }
}

/// A random model and a tokenizer of bytes, an adapter for a reference, a corpus and CHAMP's golden.
private final class Fixture {
    let folder: TemporaryFolder
    var input: DefaultInput { DefaultInput(environment: ["WINNOW_CACHE": folder.file("cache").path]) }

    /// GPT-2's byte-level alphabet and nothing merged: a token is a byte.
    private static var vocabulary: GGUFVocabulary {
        let printable = Array(33...126) + Array(161...172) + Array(174...255)
        let others = (0...255).filter { !printable.contains($0) }
        let scalars = printable + others.indices.map { 256 + $0 }
        let tokens = ["<|endoftext|>"] + scalars.map { String(Character(Unicode.Scalar($0)!)) }
        return GGUFVocabulary(
            model: "gpt2", preTokenizer: "gpt-2", tokens: tokens,
            tokenTypes: [3] + [Int32](repeating: 1, count: tokens.count - 1), merges: [], bosTokenID: 0, eosTokenID: 0)
    }

    init() async throws {
        folder = try TemporaryFolder()
        try LlamaModel.tiny(.tiny(vocabularySize: 257)).write(to: folder.file("model"))
        let tokenizer = try Tokenizer(vocabulary: Self.vocabulary)
        try tokenizer.tokenizerJSON().write(to: folder.file("model/tokenizer.json"))
        for study in ["study", "whole", "parts"] { try writeReference(seed: 1, in: study) }
        let texts = folder.file("texts")
        try FileManager.default.createDirectory(at: texts, withIntermediateDirectories: true)
        for index in 0..<10 {
            let text = (0..<9).map { "The modern problem \($0) has line number \(index), all in order." }.joined(separator: "\n")
            try text.write(to: texts.appendingPathComponent("\(index).txt"), atomically: true, encoding: .utf8)
        }
        var options = CorpusOptions()
        options.split = .every(5)
        _ = try await CorpusPreparation(inputs: [texts.path], options: options, encoder: tokenizer).run(to: folder.file("corpus"))
        let golden = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../CorporaTests/Goldens/champ.json")
            .standardized
        try FileManager.default.createDirectory(
            at: input.champLocation.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: golden, to: input.champLocation)
    }

    func writeReference(seed: UInt64, in study: String = "study") throws {
        let folder = folder.file(study).appendingPathComponent("reference/other")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(
            at: folder.deletingLastPathComponent(), withIntermediateDirectories: true)
        let model = try LlamaModel.tiny(.tiny(vocabularySize: 257))
        try LoRAAdapter.random(for: model, seed: seed).folder(baseModel: nil).write(to: folder)
    }

    /// - Parameters:
    ///   - start: of the only arm's adapter.
    ///   - changes: to the ground truth, which is two kinds of damage, CHAMP, and 330 tokens of each.
    func study(start: String? = nil, changes: [String]) throws -> Study {
        let corpus = folder.file("corpus").path
        let yaml = """
            base:
              model: \(folder.file("model").path)
              data: {train: \(corpus), validation: {held-out: \(corpus)}, blockLength: 16}
              adapter: {rank: 3}
              training: {tokens: 320, batchSize: 2, evaluationTokens: 160, checkpointEvery: 4}
            references: {other: {selection.policy: all}}
            arms: [{name: clm, \(start.map { "adapter: {start: \($0)}" } ?? "selection.policy: all")}]
            baseline: clm
            claims: none
            groundTruth: {corruptions: [swapped-words, ocr], text: \(corpus), tokens: 330}
            """
        return try Study(yaml: yaml, overrides: changes.map { "groundTruth." + $0 })
    }

    func runner(in name: String = "study", start: String? = nil, changes: [String] = []) throws -> GroundTruthRunner {
        try #require(
            GroundTruthRunner(
                study(start: start, changes: changes), in: folder.file(name), workspace: Workspace(input: input)))
    }
}
