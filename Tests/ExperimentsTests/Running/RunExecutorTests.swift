import Experiments
import Foundation
import ModelFixtures
import RunRecords
import Testing
import Training

/// What a run leaves in its directory.
@Suite struct RunExecutorTests {
    private func recipe(_ tiny: TinyStudy, _ changes: [String] = []) throws -> Recipe {
        let yaml = """
            model: \(tiny.model)
            data: {train: \(tiny.corpus), validation: {held-out: \(tiny.corpus)}, blockLength: 16}
            adapter: {rank: 2, alpha: 4}
            training: {tokens: 320, batchSize: 2, accumulation: 2, optimizer: {learningRate: 1.0e-2}, evaluationTokens: 640}
            """
        return try Recipe(yaml: yaml, overrides: changes)
    }

    private func run(
        _ recipe: Recipe, _ tiny: TinyStudy, in name: String, _ opening: RunDirectory.Opening = .new, stoppingAt stop: Int? = nil
    ) throws -> RunDirectory {
        let directory = try RunDirectory.open(tiny.folder.file(name), opening)
        let run = try Run(recipe, in: Workspace())
        var executor = RunExecutor(run, in: directory)
        if let stop { executor.shouldStop = { run.trainer.progress.step == stop } }
        #expect(try executor() == (stop == nil ? .finished : .stopped))
        return directory
    }

    private func adapter(_ directory: RunDirectory) throws -> Data {
        try Data(contentsOf: directory.url.appendingPathComponent(RunDirectory.adapterWeightsName))
    }

    private func eventFiles(_ directory: RunDirectory) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: directory.url.path).count {
            $0.hasPrefix(RunDirectory.eventsPrefix)
        }
    }

    @Test func tokenLossesOfEveryEvaluationAreKeptOnRequest() async throws {
        let tiny = try await TinyStudy()
        let kept = try run(
            recipe(tiny, ["training.evaluateEvery=2", "training.keepTokenLosses=evaluations"]), tiny, in: "kept")
        let files = try kept.checkpointTokenLosses()
        #expect(files.map(\.step) == [0, 2, 4, 5])
        let evaluations = try MetricsLog.read(kept.metrics).evaluations
        for (file, evaluation) in zip(files, evaluations) {
            #expect(file.split == "held-out")
            let losses = try TokenLossFile.read(file.url)
            #expect(losses.mean == evaluation.loss)
            // 40 blocks in batches of 8, all of 15 tokens: the mean of means is the mean.
            #expect(abs(try #require(evaluation.batchMeanLoss) - evaluation.loss) < 1e-12)
        }
        #expect(try TokenLossFile.read(kept.tokenLosses(on: "held-out")) == TokenLossFile.read(files[3].url))

        let usual = try run(recipe(tiny, ["training.evaluateEvery=2"]), tiny, in: "usual")
        #expect(try usual.checkpointTokenLosses().isEmpty)
        #expect(FileManager.default.fileExists(atPath: usual.tokenLosses(on: "held-out").path))
    }

    /// Stopped and resumed, a run leaves the selections of an uninterrupted one, and a file of events more.
    @Test func aResumedRunKeepsItsSelections() async throws {
        let tiny = try await TinyStudy()
        let recipe = try recipe(tiny, ["training.keepSelections=true", "selection={policy: random, ratio: 0.3}"])
        let whole = try run(recipe, tiny, in: "whole")
        let history = try SelectionLog.read(whole.selections)
        #expect(history.steps.map(\.step) == [1, 2, 3, 4, 5])
        #expect(history.layout.blocksPerStep == 4 && history.blockLength == 16)
        #expect(try history.steps.map(\.selectedCount) == MetricsLog.read(whole.metrics).steps.map(\.selectedTokens))

        _ = try run(recipe, tiny, in: "parts", stoppingAt: 3)
        let parts = try run(recipe, tiny, in: "parts", .resume)
        #expect(try SelectionLog.read(parts.selections) == history)
        #expect(try eventFiles(whole) == 1)
        #expect(try eventFiles(parts) == 2)

        let again = try run(recipe, tiny, in: "parts", .overwrite)
        #expect(try eventFiles(again) == 1)
    }

    @Test func aReplayRepeatsARun() async throws {
        let tiny = try await TinyStudy()
        let original = try run(
            recipe(tiny, ["training.keepSelections=true", "selection={policy: topK, score: loss, ratio: 0.3}"]), tiny,
            in: "original")
        func replay(_ manner: String, _ changes: [String] = [], in name: String) throws -> RunDirectory {
            let selection = "selection={policy: replay, replay: {from: '\(original.url.path)', as: \(manner)}}"
            return try run(recipe(tiny, [selection] + changes), tiny, in: name)
        }
        #expect(try adapter(replay("recorded", in: "recorded")) == adapter(original))
        for manner in ["shuffled", "matched"] {
            let found = try replay(manner, in: manner)
            #expect(try adapter(found) != adapter(original))
            #expect(
                try MetricsLog.read(found.metrics).steps.map(\.selectedTokens)
                    == MetricsLog.read(original.metrics).steps.map(\.selectedTokens))
        }
        #expect(throws: TrainingError.self) { try replay("recorded", ["training.seed=1"], in: "another-order") }
        let error = #expect(throws: TrainingError.self) { try replay("recorded", ["training.tokens=640"], in: "longer") }
        #expect("\(error!)".contains("steps: 5, here 10"))
        let silent = try run(recipe(tiny), tiny, in: "silent")
        let selection = "selection={policy: replay, replay: {from: '\(silent.url.path)'}}"
        let missing = #expect(throws: RunError.self) { try run(recipe(tiny, [selection]), tiny, in: "nothing") }
        #expect("\(missing!)".contains("keepSelections"))
    }

    /// What a run is resumed with has to be what it began with, by content.
    @Test func aRunIsNotResumedOnOtherInputs() async throws {
        let tiny = try await TinyStudy()
        let original = try run(recipe(tiny, ["training.keepSelections=true"]), tiny, in: "original")
        let replay = try recipe(tiny, ["selection={policy: replay, replay: {from: '\(original.url.path)'}}"])
        let stopped = try run(replay, tiny, in: "replay", stoppingAt: 2)
        let hashes = try #require(try RunManifest.read(from: stopped.manifest).inputHashes)
        #expect(hashes.keys.sorted() == ["selection.replay.from"])

        // The original again, in another order: as long, of the same layout, with a hash of its own.
        let selections = try Data(contentsOf: original.selections)
        let other = try recipe(tiny, ["training.keepSelections=true", "selection={policy: random, ratio: 0.5}"])
        try Data(contentsOf: run(other, tiny, in: "other").selections).write(to: original.selections)
        #expect(throws: RunError.changedInput(directory: stopped.url.path, input: "selection.replay.from")) {
            try run(replay, tiny, in: "replay", .resume)
        }
        try selections.write(to: original.selections)

        let weights = tiny.folder.file("model/model.safetensors")
        var bytes = try Data(contentsOf: weights)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: weights)
        #expect(throws: RunError.changedInput(directory: stopped.url.path, input: "the model")) {
            try run(replay, tiny, in: "replay", .resume)
        }
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: weights)
        _ = try run(replay, tiny, in: "replay", .resume)
    }

    /// A store's key says what its losses are of, and not what they are.
    @Test func aRunIsNotResumedOnOtherStoredLosses() async throws {
        let tiny = try await TinyStudy()
        let url = tiny.folder.file("store.safetensors")
        let selection = "selection={policy: topK, score: excessLoss, reference: base, ratio: 0.5}"
        #expect(try ReferenceScoring(recipe(tiny, [selection]), into: .init(url))(batchSize: 2) == .finished)
        let stored = try recipe(tiny, [selection, "selection.store=\(url.path)"])
        let stopped = try run(stored, tiny, in: "run", stoppingAt: 2)

        // One loss by its last bit.
        var bytes = try Data(contentsOf: url)
        let headerCount = Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        let header = try #require(
            try JSONSerialization.jsonObject(with: bytes[8..<8 + headerCount]) as? [String: [String: Any]])
        let offsets = try #require(header["losses"]?["data_offsets"] as? [Int])
        let place = 8 + headerCount + offsets[0] + 4
        bytes[place] ^= 1
        try bytes.write(to: url)
        #expect(throws: RunError.changedInput(directory: stopped.url.path, input: "selection.store")) {
            try run(stored, tiny, in: "run", .resume)
        }
        bytes[place] ^= 1
        try bytes.write(to: url)
        _ = try run(stored, tiny, in: "run", .resume)
    }

    /// A directory with a manifest is a run, which can be gone on with; one with a recipe alone is not.
    @Test(.enabled(if: DiskLog.isAvailable, "renames can be written down on Linux alone"))
    func theManifestComesFirst() async throws {
        let tiny = try await TinyStudy()
        let directory = try RunDirectory.open(tiny.folder.file("run"), .new)
        let executor = RunExecutor(try Run(recipe(tiny), in: Workspace()), in: directory)
        let log = try DiskLog(of: directory.url) { () throws in #expect(try executor() == .finished) }
        let names = log.entries.compactMap { if case .rename(_, let name) = $0 { name } else { nil } }
        #expect(names.prefix(2) == [RunDirectory.manifestName, RunDirectory.recipeName])
    }

    /// The reference's opinion doesn't change, so neither does the choice in a block: a second epoch selects as the first.
    @Test func aSelfReferenceIsAskedForBothItsMeasures() async throws {
        let tiny = try await TinyStudy()
        let selection = "selection={policy: topK, score: selfReference, reference: base, ratio: 0.3, pool: sequence}"
        let long = try recipe(tiny, [selection, "training.keepSelections=true", "training.tokens=20000"])
        let steps = try SelectionLog.read(run(long, tiny, in: "self").selections).steps
        var choices: [Int: Set<[Bool]>] = [:]
        for step in steps {
            for (row, block) in step.blockIndices.enumerated() {
                choices[block, default: []].insert(Array(step.selected[row * 16..<(row + 1) * 16]))
            }
        }
        #expect(steps.count * 4 > choices.count)
        #expect(choices.values.allSatisfy { $0.count == 1 })
        #expect(Set(choices.values.flatMap(\.self)).count > 10)
    }

    @Test func probesStandInTheMetrics() async throws {
        let tiny = try await TinyStudy()
        let selection = "selection={policy: topK, score: loss, ratio: 0.3}"
        let probed = try run(recipe(tiny, [selection, "training.evaluateEvery=2", "training.probeBlocks=3"]), tiny, in: "probed")
        let plain = try run(recipe(tiny, [selection, "training.evaluateEvery=2"]), tiny, in: "plain")
        let (found, expected) = (try MetricsLog.read(probed.metrics), try MetricsLog.read(plain.metrics))
        #expect(found.probes.map(\.step) == [0, 2, 4, 5])
        #expect(found.probes.allSatisfy { $0.blocks == 3 && $0.selectedNorm > 0 })
        #expect(expected.probes.isEmpty)
        #expect(found.steps.map(\.loss) == expected.steps.map(\.loss))
        #expect(try adapter(probed) == adapter(plain))
        // 60 valid tokens a step in two pools of 30, of which the nine highest are taken from each.
        #expect(found.steps.allSatisfy { $0.selectedByScoreDecile == [0, 0, 0, 0, 0, 0, 0, 6, 6, 6] })
    }
}
