import Foundation
import RunRecords

/// Fills a study's record in with what its runs have left on disk.
struct StudyRecorder {
    let study: Study
    let directory: URL

    func fill(_ record: inout StudyRecord) throws {
        let splits = record.validationSplits.map(\.name)
        let runs = Dictionary(uniqueKeysWithValues: study.matrix.map { ($0.name, $0) })
        for arm in record.arms.indices {
            for index in record.arms[arm].runs.indices {
                let planned = runs[record.arms[arm].runs[index].directory]!
                guard try isFinished(planned) else { continue }
                try fill(&record.arms[arm].runs[index], of: planned, splits: splits)
            }
        }
        record.startTokenLosses = tokenLosses(in: "start", on: splits)
        record.referenceTokenLosses = [:]
        if !record.startTokenLosses.isEmpty { record.referenceTokenLosses["base"] = record.startTokenLosses }
        let groundTruth = directory.appendingPathComponent(GroundTruthRecord.fileName)
        record.groundTruth =
            study.groundTruth != nil && FileManager.default.fileExists(atPath: groundTruth.path)
            ? GroundTruthRecord.fileName : nil
        let control = study.arms.first { $0.name == study.baseline }!.recipe
        for reference in study.references where try isFinished(reference) {
            // A reference that is evaluated on other tokens can't be set beside the arms.
            guard reference.recipe.evaluationDifferences(from: control).allSatisfy({ !$0.differs }) else { continue }
            record.referenceTokenLosses[reference.recipe.name] = tokenLosses(in: reference.name, on: splits)
        }
    }

    private func fill(_ run: inout StudyRecord.Run, of planned: StudyRun, splits: [String]) throws {
        let folder = folder(of: planned)
        let manifest = try RunManifest.read(from: folder.manifest)
        let history = try MetricsLog.read(folder.metrics)
        run.evaluations = history.evaluations
        (run.tokens, run.selectedTokens) = (manifest.tokensSeen, manifest.selectedTokensSeen)
        (run.trainingSeconds, run.wallSeconds) = (manifest.trainingSeconds, manifest.wallSeconds)
        let charge = try ReferenceCharge(of: planned, in: study, directory: directory)
        (run.referenceTrainingSeconds, run.referenceScoringSeconds) = (charge.trainingSeconds, charge.scoringSeconds)
        let adapterFile = folder.url.appendingPathComponent(RunDirectory.adapterWeightsName)
        run.adapter = FileManager.default.fileExists(atPath: adapterFile.path) ? run.directory : nil
        run.tokenLosses = tokenLosses(in: run.directory, on: splits)
        if FileManager.default.fileExists(atPath: folder.selections.path) {
            run.selections = run.directory + "/" + folder.selections.lastPathComponent
        }
        run.checkpoints = try checkpoints(of: planned, history: history, splits: splits)
        run.note = note(on: history, selectedTokens: run.selectedTokens)
    }

    /// The start, what was kept along the way, and the end; empty where only the end was kept.
    private func checkpoints(
        of run: StudyRun, history: MetricsHistory, splits: [String]
    ) throws -> [StudyRecord.Run.Checkpoint] {
        var files: [Int: [String: String]] = [:]
        for kept in try folder(of: run).checkpointTokenLosses() where splits.contains(kept.split) {
            files[kept.step, default: [:]][kept.split] = run.name + "/" + kept.url.lastPathComponent
        }
        guard !files.isEmpty else { return [] }
        let tokensSeen = Dictionary(history.evaluations.map { ($0.step, $0.tokensSeen) }, uniquingKeysWith: { first, _ in first })
        if files[0] == nil {
            switch run.recipe.adapter?.start {
            case nil: files[0] = tokenLosses(in: "start", on: splits)
            case .trained(let trained):
                files[0] = tokenLosses(in: study.run(trained, seed: run.recipe.training.seed).name, on: splits)
            case .folder: break
            }
        }
        if let last = tokensSeen.keys.max(), files[last] == nil { files[last] = tokenLosses(in: run.name, on: splits) }
        return files.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { step, losses in
            StudyRecord.Run.Checkpoint(step: step, tokensSeen: tokensSeen[step] ?? 0, tokenLosses: losses)
        }
    }

    private func note(on history: MetricsHistory, selectedTokens: Int) -> String? {
        let tied = history.steps.count(where: \.tied)
        let filled = history.steps.reduce(0) { $0 + $1.filledAtRandom }
        let skipped = history.steps.count { $0.skipped != nil }
        let notes = [
            skipped > 0 ? "\(skipped) of \(history.steps.count) steps could not be taken; metrics.jsonl says why." : nil,
            tied > 0 ? "In \(tied) of \(history.steps.count) steps every score was the same, so scores decided nothing." : nil,
            filled > 0 ? "\(filled) of \(selectedTokens) picks had no positive weight and were drawn at random." : nil,
        ].compactMap { $0 }
        return notes.isEmpty ? nil : notes.joined(separator: " ")
    }

    private func isFinished(_ run: StudyRun) throws -> Bool {
        let folder = folder(of: run)
        guard FileManager.default.fileExists(atPath: folder.manifest.path) else { return false }
        return try RunManifest.read(from: folder.manifest).state == .finished
    }

    private func folder(of run: StudyRun) -> RunDirectory { RunDirectory(directory.appendingPathComponent(run.name)) }

    /// The token-loss files in a folder of the study, by split.
    private func tokenLosses(in folder: String, on splits: [String]) -> [String: String] {
        var files: [String: String] = [:]
        for split in splits {
            let file = RunDirectory(directory.appendingPathComponent(folder)).tokenLosses(on: split)
            if FileManager.default.fileExists(atPath: file.path) { files[split] = folder + "/" + file.lastPathComponent }
        }
        return files
    }
}
