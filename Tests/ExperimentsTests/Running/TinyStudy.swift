import Corpora
import Experiments
import Foundation
import ModelFixtures
import Models
import RunRecords
import Torch

/// A random model's folder and a prepared corpus: what a study of a second needs.
final class TinyStudy {
    let folder: TemporaryFolder
    var model: String { folder.file("model").path }
    var corpus: String { folder.file("corpus").path }
    var otherCorpus: String { folder.file("other-corpus").path }

    /// Every byte is a token of a vocabulary of 61.
    private struct Encoder: TextEncoder {
        let vocabularySize = 61
        func encode(_ text: String) -> [Int32] { text.utf8.map { Int32($0 % 61) } }
        func decode(_ tokens: [Int32]) -> String { tokens.map { "<\($0)>" }.joined() }
    }

    init() async throws {
        folder = try TemporaryFolder()
        try LlamaModel.tiny().write(to: folder.file("model"))
        try await prepare("corpus") { "\($0 * $1) is \($1) times \($0)." }
        try await prepare("other-corpus") { "\($0) and \($1) make \($0 + $1)." }
    }

    /// Twenty documents of sixty sentences.
    private func prepare(_ name: String, sentence: (Int, Int) -> String) async throws {
        let texts = folder.file(name + "-texts")
        try FileManager.default.createDirectory(at: texts, withIntermediateDirectories: true)
        for index in 0..<20 {
            let text = (0..<60).map { sentence(index, $0) }.joined(separator: " ")
            try text.write(to: texts.appendingPathComponent("\(index).txt"), atomically: true, encoding: .utf8)
        }
        var options = CorpusOptions()
        options.split = .every(5)
        _ = try await CorpusPreparation(inputs: [texts.path], options: options, encoder: Encoder()).run(to: folder.file(name))
    }

    /// What all its studies share.
    ///
    /// - Parameter more: further keys of `training`.
    private func base(_ more: String = "") -> String {
        """
        name: tiny
        base:
          model: \(model)
          data: {train: \(corpus), validation: {held-out: \(corpus)}, blockLength: 16}
          adapter: {rank: 2, alpha: 4}
          training: {tokens: 480, batchSize: 2, optimizer: {learningRate: 1.0e-2}, checkpointEvery: 4, evaluationTokens: 640\(more)}
        references:
          other: {training.seed: 5, selection.policy: all}
        baseline: clm
        """
    }

    var yaml: String {
        base() + """

            arms:
              - {name: clm, selection.policy: all}
              - {name: topk, selection: {policy: topK, score: excessLoss, reference: base, ratio: 0.5}}
              - {name: drawn, selection: {policy: stochastic, score: excessLoss, reference: reference/other, ratio: 0.3}}
              - {name: null, selection.policy: all, training.seed: 1}
            """
    }

    /// Two seeds, warm starts, and arms that are to equal another.
    var controlled: String {
        base(", evaluateEvery: 10, keepTokenLosses: evaluations, keepSelections: true") + """

            seeds: [0, 3]
            arms:
              - {name: clm, selection.policy: all}
              - {name: topk, selection: {policy: topK, score: excessLoss, reference: reference/other, ratio: 0.5}}
              - {name: same-selected, selection.policy: all, matching: {arm: topk, by: selectedTokens}}
              - {name: same-seconds, selection.policy: all, matching: {arm: topk, by: seconds}, seeds: [3]}
              - {name: twice, selection.policy: all, matching: {arm: clm, by: tokens, factor: 2}, seeds: [0]}
              - {name: continued, selection.policy: all, adapter.start: arm/clm}
              - {name: replayed, selection: {policy: replay, replay: {from: arm/topk, as: recorded}}}
              - {name: shuffled, label: as many elsewhere, selection: {policy: replay, replay: {from: arm/topk, as: shuffled}}}
              - {name: from-other, selection.policy: all, adapter.start: reference/other, seeds: [0]}
              - {name: mixture, selection.policy: all, data.train: {mixture: {\(corpus): 2, \(otherCorpus): 1}}, seeds: [0]}
              - {name: drawn-otherwise, selection.policy: all, adapter.seed: 7, seeds: [0]}
            """
    }

    func runner(in name: String, _ yaml: String? = nil) throws -> StudyRunner {
        let yaml = yaml ?? self.yaml
        return StudyRunner(try Study(yaml: yaml), source: yaml, in: folder.file(name))
    }

    /// Runs a study to its end, stopped again and again, at another place each time.
    ///
    /// - Parameters:
    ///   - patience: how often it asks whether to stop, before the first stop.
    ///   - betweenParts: what is done to the study's folder after each stop.
    /// - Returns: how often it was stopped.
    func runInParts(_ name: String, _ yaml: String? = nil, patience: Int = 25, betweenParts: () throws -> Void = {}) throws -> Int
    {
        var stops = 0
        while stops < 100 {
            let runner = try runner(in: name, yaml)
            var questions = 0
            runner.shouldStop = {
                questions += 1
                return questions > patience + stops
            }
            if try runner() == .finished { return stops }
            stops += 1
            try betweenParts()
        }
        return stops
    }

    func history(_ study: String, _ arm: String) throws -> MetricsHistory {
        try MetricsLog.read(RunDirectory(folder.file(study).appendingPathComponent(arm)).metrics)
    }

    func adapter(_ study: String, _ arm: String) throws -> Data {
        try Data(contentsOf: folder.file(study).appendingPathComponent("\(arm)/adapter_model.safetensors"))
    }
}
