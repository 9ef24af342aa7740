import Corpora
import Foundation
import RunRecords
import Torch

/// Describes a study before its first run: `study.json` with empty arms.
struct StudyRecordBuilder {
    let study: Study
    let source: String
    let workspace: Workspace
    /// The study's, where an earlier process may have left a record, whose dates and times are kept.
    let directory: URL

    func record(startedAt: Date) throws -> StudyRecord {
        let recipe = study.arms[0].recipe
        let loaded = try workspace.model(recipe.model, for: recipe.compute)
        let trainable = recipe.adapter.map { $0.parameterCount(on: loaded.model) }
        var record = StudyRecord(
            title: study.title,
            summary: summary(recipe), recipe: source,
            model: StudyRecord.Model(
                name: loaded.name, hash: try loaded.hash.get(), parameters: loaded.model.parameterCount,
                trainableParameters: trainable ?? loaded.model.parameterCount, note: loaded.note),
            splits: try splits(recipe), blockLength: recipe.data.blockLength, versions: WinnowVersion.all,
            device: recipe.compute.device.description, threads: Runtime.threadCount, startedAt: startedAt,
            arms: study.arms.map(arm), published: [.tinyLlamaReplication])
        record.claims = try ClaimList(study.claims).claims
        record.quirks = study.quirks
        if FileManager.default.fileExists(atPath: directory.appendingPathComponent(StudyRecord.fileName).path) {
            let earlier = try StudyRecord.read(from: directory)
            (record.startedAt, record.finishedAt) = (earlier.startedAt, earlier.finishedAt)
            record.wallSeconds = earlier.wallSeconds
        }
        return record
    }

    private func summary(_ recipe: Recipe) -> String {
        let what = recipe.adapter.map { "a LoRA adapter of rank \($0.rank)" } ?? "all weights"
        let seeds = study.arms.map(\.seeds.count).max() ?? 1
        return "Every arm trains \(what) from the same start on the same blocks in the same order: \(recipe.steps) steps of "
            + "\(recipe.tokensPerStep) tokens, learning rate \(recipe.training.optimizer.learningRate), unless its line says "
            + "otherwise. The arms differ in which tokens carry the loss. "
            + (seeds == 1
                ? "One seed: what has no interval is an observation." : "\(seeds) seeds, each with a data order of its own.")
    }

    private func splits(_ recipe: Recipe) throws -> [StudyRecord.Split] {
        func split(
            _ name: String, _ label: String, _ role: StudyRecord.Split.Role, _ shard: TokenShards, _ source: CorpusSource
        ) -> StudyRecord.Split {
            StudyRecord.Split(
                name: name, label: label, role: role, documents: shard.documentCount, tokens: shard.tokenCount,
                hash: shard.contentHash, source: source.provenance)
        }
        func training(_ name: String, _ role: StudyRecord.Split.Role, _ text: TrainingText) throws -> [StudyRecord.Split] {
            try text.parts.enumerated().map { index, part in
                let shard = try workspace.corpus(part.corpus).train
                return split(index == 0 ? name : "\(name)-\(index + 1)", part.corpus.label, role, shard, part.corpus)
            }
        }
        var splits = try training("train", .training, recipe.data.train)
        // The text trained on comes first in every table.
        let order = recipe.data.validation.sorted { left, right in
            let first = recipe.data.train.parts[0].corpus
            return (left.value == first ? 0 : 1, left.key) < (right.value == first ? 0 : 1, right.key)
        }
        for (name, source) in order {
            let shard = try workspace.corpus(source).requireValidation()
            splits.append(split(name, "held-out \(source.label)", .validation, shard, source))
        }
        for reference in study.references {
            splits += try training(reference.name, .reference, reference.recipe.data.train)
        }
        return splits
    }

    private func arm(_ arm: Study.Arm) -> StudyRecord.Arm {
        let selection = arm.recipe.selection
        let selects = selection.policy != "all"
        let role = role(of: arm)
        return StudyRecord.Arm(
            name: arm.name, label: arm.label ?? label(of: arm, role: role), role: role,
            score: selects && selection.usesScores ? selection.score : nil, policy: selection.policy,
            ratio: selection.ranks ? selection.ratio : nil, pool: selection.ranks ? selection.pool.rawValue : nil,
            reference: selection.usesReference ? selection.reference?.label : nil,
            referenceName: selection.usesReference ? selection.reference?.studyName : nil,
            runs: arm.seeds.map { run(of: arm, seed: $0) })
    }

    private func role(of arm: Study.Arm) -> StudyRecord.Arm.Role {
        if arm.name == study.baseline { return .baseline }
        let baseline = study.arms.first { $0.name == study.baseline }!.recipe
        var reseeded = arm.recipe
        (reseeded.name, reseeded.training.seed) = (baseline.name, baseline.training.seed)
        if let seed = baseline.adapter?.seed, reseeded.adapter?.start == nil { reseeded.adapter?.seed = seed }
        if reseeded == baseline, arm.matching == nil { return .null }
        let selection = arm.recipe.selection
        // What another arm selected, moved elsewhere, is there to be compared with that arm.
        let isMoved = selection.replay.map { $0.manner != .recorded } ?? false
        return selection.policy == "all" || isMoved ? .control : .selection
    }

    private func run(of arm: Study.Arm, seed: Int) -> StudyRecord.Run {
        let planned = arm.run(seed: seed)
        var run = StudyRecord.Run(seed: UInt64(seed), directory: planned.name)
        switch planned.recipe.adapter?.start {
        case nil: run.adapterSeed = planned.recipe.adapter.map { UInt64($0.seed) }
        case .trained(let trained): run.startAdapter = study.run(trained, seed: seed).name
        case .folder(let path): run.startAdapter = URL(fileURLWithPath: path).path(from: directory)
        }
        return run
    }

    private func label(of arm: Study.Arm, role: StudyRecord.Arm.Role) -> String {
        let selection = arm.recipe.selection
        let names = ["all": "CLM", "topK": "top-k"]
        let policy = names[selection.policy] ?? selection.policy
        let baselineSeed = study.arms.first { $0.name == study.baseline }?.recipe.training.seed
        switch role {
        case .baseline: return policy
        case .null: return arm.recipe.training.seed == baselineSeed ? "\(policy), another start" : "\(policy), another order"
        case .control: return selection.replay?.label ?? arm.name
        case .selection:
            if let replay = selection.replay { return replay.label }
            let ratio = "\(policy) \(selection.ratio)"
            guard selection.usesReference, case .trained(let name) = selection.reference else { return ratio }
            return "\(ratio), \(name) reference"
        }
    }
}

extension CorpusSource {
    /// As a report calls the text.
    var label: String {
        switch self {
        case .noisy: "pages of the Sage reference manual"
        case .curated: "pages of the Sage tutorials"
        case .folder(let path): URL(fileURLWithPath: path).lastPathComponent
        }
    }

    var provenance: String {
        switch self {
        case .noisy, .curated: "Debian sagemath-doc, CC-BY-SA-3.0"
        case .folder(let path): path
        }
    }
}

extension ReferenceSource {
    /// Its key in `StudyRecord.referenceTokenLosses`; nil for one that the study hasn't trained.
    var studyName: String? {
        switch self {
        case .base: "base"
        case .trained(let name): name
        case .folder: nil
        }
    }

    var label: String {
        switch self {
        case .base: "base"
        case .trained(let name): "adapter trained as \(name)"
        case .folder(let path): URL(fileURLWithPath: path).lastPathComponent
        }
    }
}

extension URL {
    /// The way from a folder to this place: `../adapters/mine`.
    func path(from folder: URL) -> String {
        let (mine, its) = (standardizedFileURL.pathComponents, folder.standardizedFileURL.pathComponents)
        let common = zip(mine, its).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: its.count - common) + mine.dropFirst(common)).joined(separator: "/")
    }
}
