import Foundation
import RunRecords
import Testing

@Suite struct MetricsLogTests {
    private func step(_ step: Int, loss: Double = 2.5) -> StepMetrics {
        StepMetrics(
            step: step, tokensSeen: step * 508, selectedTokensSeen: step * 254, validTokens: 508, selectedTokens: 254,
            loss: loss, selectedLoss: 3, gradientNorm: 0.7, learningRate: 1e-4, candidates: 300, filledAtRandom: 0,
            tied: step == 1, selectedByScoreDecile: step == 1 ? nil : Array(0..<10), seconds: 0.5)
    }

    private func evaluation(_ step: Int, loss: Double, split: String = "noisy") -> EvaluationRecord {
        EvaluationRecord(
            step: step, tokensSeen: step * 508, split: split, loss: loss, tokens: 4096,
            batchMeanLoss: step == 0 ? nil : loss + 0.1, seconds: 3)
    }

    @Test func whatIsAppendedIsRead() throws {
        let directory = try TemporaryDirectory()
        let log = try MetricsLog.create(at: directory.file("metrics.jsonl"))
        try log.append(.evaluation(evaluation(0, loss: 3.1)))
        for index in 1...3 { try log.append(.step(step(index))) }
        // Read while the log is still open, as a progress viewer does.
        let history = try MetricsLog.read(log.url)
        #expect(history.steps == (1...3).map { step($0) })
        #expect(history.evaluations == [evaluation(0, loss: 3.1)])
    }

    @Test func linesCarryTheirKindAndAPerplexity() throws {
        let directory = try TemporaryDirectory()
        let log = try MetricsLog.create(at: directory.file("metrics.jsonl"))
        try log.append(.evaluation(evaluation(0, loss: 2)))
        let text = try String(contentsOf: log.url, encoding: .utf8)
        #expect(text.hasSuffix("\n"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["kind"] as? String == "evaluation")
        #expect(object["perplexity"] as? Double == exp(2))
    }

    @Test func aTornLastLineIsDropped() throws {
        let directory = try TemporaryDirectory()
        let log = try MetricsLog.create(at: directory.file("metrics.jsonl"))
        for index in 1...3 { try log.append(.step(step(index))) }
        let whole = try Data(contentsOf: log.url)
        // A kill may cut anywhere: even just before the newline.
        for cut in [1, 2, 40] {
            try whole.dropLast(cut).write(to: log.url)
            #expect(try MetricsLog.read(log.url).steps.map(\.step) == [1, 2])
        }
        try Data(whole.prefix(20)).write(to: log.url)
        #expect(try MetricsLog.read(log.url).steps.isEmpty)
    }

    @Test func aMalformedLineInTheMiddleIsNamed() throws {
        let directory = try TemporaryDirectory()
        let log = try MetricsLog.create(at: directory.file("metrics.jsonl"))
        try log.append(.step(step(1)))
        let good = try String(contentsOf: log.url, encoding: .utf8)
        try directory.write(good + "{\"kind\":\"step\",\"step\":2}\n" + good, to: "metrics.jsonl")
        let error = #expect(throws: RunRecordError.self) { try MetricsLog.read(log.url) }
        guard case .malformedLine(_, line: 2, let reason)? = error else {
            Issue.record("not the second line: \(String(describing: error))")
            return
        }
        #expect(reason.contains("no key"))
    }

    @Test func resumingForgetsWhatCameAfterTheCheckpoint() throws {
        let directory = try TemporaryDirectory()
        let url = directory.file("metrics.jsonl")
        do {
            let log = try MetricsLog.create(at: url)
            for index in 1...5 { try log.append(.step(step(index))) }
        }
        let torn = try Data(contentsOf: url).dropLast(7)
        try torn.write(to: url)
        let log = try MetricsLog.resume(at: url, after: 3)
        #expect(try MetricsLog.read(url).steps.map(\.step) == [1, 2, 3])
        try log.append(.step(step(4, loss: 9)))
        let steps = try MetricsLog.read(url).steps
        #expect(steps.map(\.step) == [1, 2, 3, 4])
        #expect(steps.last?.loss == 9)
    }

    @Test func aRepeatedEvaluationReplacesTheEarlier() {
        let history = MetricsHistory([
            .evaluation(evaluation(10, loss: 3)), .evaluation(evaluation(10, loss: 4, split: "curated")),
            .evaluation(evaluation(10, loss: 2)),
        ])
        #expect(history.evaluations.map(\.loss) == [2, 4])
        #expect(history.evaluations(on: "curated").map(\.loss) == [4])
    }

    @Test func aDivergedLossSurvives() throws {
        let directory = try TemporaryDirectory()
        let log = try MetricsLog.create(at: directory.file("metrics.jsonl"))
        try log.append(.step(step(1, loss: .nan)))
        try log.append(.step(step(2, loss: .infinity)))
        let losses = try MetricsLog.read(log.url).steps.map(\.loss)
        #expect(losses[0].isNaN)
        #expect(losses[1] == .infinity)
    }

    @Test func theUnselectedLossIsWhatRemains() {
        var metrics = step(1)
        (metrics.validTokens, metrics.selectedTokens, metrics.loss, metrics.selectedLoss) = (10, 4, 2, 3.5)
        // (10 · 2 − 4 · 3.5) / 6
        #expect(metrics.unselectedLoss == 1)
        metrics.selectedTokens = 10
        #expect(metrics.unselectedLoss == nil)
    }
}
