import Foundation
import ModelFixtures
import Winnow

/// A tiny model, a corpus of bytes and a recipe: a run of seconds, most of which goes into checkpoints.
struct TinyRun {
    let folder: TemporaryFolder
    let steps: Int

    private struct Bytes: TextEncoder {
        let vocabularySize = 256
        func encode(_ text: String) -> [Int32] { text.utf8.map(Int32.init) }
        func decode(_ tokens: [Int32]) -> String { String(decoding: tokens.map { UInt8($0) }, as: UTF8.self) }
    }

    var recipe: String { folder.file("tiny.yaml").path }
    var study: String { folder.file("study.yaml").path }

    /// - Parameter accumulation: passes a step, and so how long one takes.
    init(steps: Int = 30, accumulation: Int = 1, wholeModel: Bool = false) async throws {
        (folder, self.steps) = (try TemporaryFolder(), steps)
        try LlamaModel.tiny(.tiny(vocabularySize: 256)).write(to: folder.file("model"))
        try await prepare(ending: "and more")
        let sections = """
            model: \(folder.file("model").path)
            data: {train: \(folder.file("shards").path), validation: {held-out: \(folder.file("shards").path)}, blockLength: 16}
            adapter: \(wholeModel ? "none" : "{rank: 2, alpha: 4, dropout: 0.1}")
            training: {tokens: \(steps * accumulation * 32), batchSize: 2, accumulation: \(accumulation), checkpointEvery: 1, \
            evaluateEvery: 7, evaluationTokens: 320, keepSelections: true, optimizer: {learningRate: 1.0e-2}}
            compute: {threads: 1}
            """
        let selection = "selection: {policy: stochastic, score: loss, ratio: 0.4}"
        try "name: tiny\n\(sections)\n\(selection)\n".write(to: folder.file("tiny.yaml"), atomically: true, encoding: .utf8)
        let indented = sections.split(separator: "\n").map { "  \($0)\n" }.joined()
        try """
        name: tiny
        base:
        \(indented)references:
          other: {training.seed: 5, selection.policy: all}
        baseline: clm
        arms:
          - {name: clm, selection.policy: all}
          - {name: topk, selection: {policy: topK, score: excessLoss, reference: reference/other, ratio: 0.5}}

        """.write(to: folder.file("study.yaml"), atomically: true, encoding: .utf8)
    }

    /// Makes the corpus, in the place of the one that is there.
    func prepare(ending: String) async throws {
        let text = (0..<90).map { "{\"text\": \"Line \($0) is \($0 * $0) \(ending).\"}\n" }.joined()
        try Data(text.utf8).write(to: folder.file("text.jsonl"))
        var options = CorpusOptions()
        options.split = .every(6)
        _ = try await CorpusPreparation(inputs: [folder.file("text.jsonl").path], options: options, encoder: Bytes())
            .run(to: folder.file("shards"), overwrite: true)
    }

    func directory(_ name: String) -> RunDirectory { RunDirectory(folder.file(name)) }

    /// The command that starts the run, or goes on with what a kill has left of it.
    func command(_ name: String) -> [String] {
        let directory = directory(name)
        let isBegun = FileManager.default.fileExists(atPath: directory.manifest.path)
        return ["train", recipe, "--output", directory.url.path] + (isBegun ? ["--resume"] : [])
    }

    /// What of a finished run has to be the same to the last bit, by name.
    static func remains(_ directory: RunDirectory) throws -> [String: Data] {
        var remains: [String: Data] = [:]
        let last = try directory.checkpointSteps().last ?? 0
        let checkpoint = RunDirectory.checkpointPrefix + "\(last)/"
        for name in [
            RunDirectory.adapterWeightsName, RunDirectory.modelName + "/model.safetensors", RunDirectory.selectionsName,
            RunDirectory.recipeName, RunDirectory.tokenLossesPrefix + "held-out.safetensors", checkpoint + "weights.safetensors",
            checkpoint + RunDirectory.adapterWeightsName, checkpoint + "optimizer.safetensors",
        ] { remains[name] = try? Data(contentsOf: directory.url.appendingPathComponent(name)) }
        let history = try MetricsLog.read(directory.metrics)
        let steps = history.steps.map {
            var step = $0
            step.seconds = 0
            return MetricsLine.step(step)
        }
        let evaluations = history.evaluations.map {
            var record = $0
            record.seconds = 0
            return MetricsLine.evaluation(record)
        }
        remains[RunDirectory.metricsName] = try RecordFile.encoder().encode(steps + evaluations)
        return remains
    }

    /// The names of what isn't the same.
    static func differences(_ left: RunDirectory, _ right: RunDirectory) throws -> [String] {
        let (left, right) = (try remains(left), try remains(right))
        return Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
    }
}
