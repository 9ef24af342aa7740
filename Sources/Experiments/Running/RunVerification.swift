import Foundation
import RunRecords
import Torch
import Training

/// Does the first steps of a run once more, from nothing but what its directory and its inputs say, and compares the metrics.
///
/// With the processor, the threads and the libraries that the manifest names they have to agree to the last bit. Elsewhere sums
/// are taken in another order: counts still have to be the same, and numbers within `tolerance`.
public struct RunVerification: Sendable, Equatable, Codable {
    /// What a step gave then and gives now: the first step and field that differ.
    public struct Difference: Sendable, Equatable, Codable, CustomStringConvertible {
        public let step: Int
        /// As `metrics.jsonl` calls it.
        public let field: String
        public let recorded: String
        public let found: String

        public var description: String { "step \(step): \(field) was \(recorded), and is now \(found)" }
    }

    /// Of losses and gradient norms, relative, on another machine.
    public static let tolerance = 1e-3

    /// Steps that were compared.
    public let steps: Int
    /// How this machine differs from the run's, a phrase each; where there is nothing, bits are compared.
    public let circumstances: [String]
    public let difference: Difference?

    /// - Parameter limit: how many steps; fewer where the run has fewer.
    /// - Throws: `RunError.changedInput` where the model, the data or another input isn't what it was, `.nothingToVerify`; what
    ///   building the run throws.
    public init(of directory: RunDirectory, steps limit: Int, in workspace: Workspace = Workspace()) throws {
        let manifest = try RunManifest.read(from: directory.manifest)
        let recorded = try MetricsLog.read(directory.metrics).steps.prefix(limit)
        guard !recorded.isEmpty else { throw RunError.nothingToVerify(directory: directory.url.path) }

        guard try ContentHash.of([directory.recipe]) == manifest.recipeHash else {
            throw RunError.changedInput(directory: directory.url.path, input: RunDirectory.recipeName)
        }
        var recipe = try Recipe(recorded: String(contentsOf: directory.recipe, encoding: .utf8))
        recipe.compute.threads = manifest.threads
        let run = try Run(recipe, in: workspace) { Self.folder(of: $0, seed: recipe.training.seed, beside: directory) }
        let now = try run.manifest(startedAt: manifest.startedAt)
        if let input = Self.changedInput(manifest, now) {
            throw RunError.changedInput(directory: directory.url.path, input: input)
        }

        circumstances = Self.circumstances(manifest, now)
        var (compared, difference) = (0, Difference?.none)
        while difference == nil, compared < recorded.count, !run.trainer.isFinished {
            let found = try run.trainer.advance()
            difference = Self.difference(recorded[compared], found, isExact: circumstances.isEmpty)
            compared += 1
        }
        (steps, self.difference) = (compared, difference)
    }

    private static func changedInput(_ then: RunManifest, _ now: RunManifest) -> String? {
        if then.modelHash != now.modelHash { return "the model" }
        let splits = Set(then.dataHashes.keys).union(now.dataHashes.keys).sorted()
        if let split = splits.first(where: { then.dataHashes[$0] != now.dataHashes[$0] }) { return "the data of \(split)" }
        guard let inputs = then.inputHashes, let found = now.inputHashes else { return nil }
        return Set(inputs.keys).union(found.keys).sorted().first { inputs[$0] != found[$0] }
    }

    private static func circumstances(_ then: RunManifest, _ now: RunManifest) -> [String] {
        let pairs: [(what: String, then: String?, now: String?)] =
            [
                ("processor", then.processor, now.processor), ("device", then.device, now.device),
                ("threads", "\(then.threads)", "\(now.threads)"), ("ranks", "\(then.ranks ?? 1)", "\(now.ranks ?? 1)"),
            ] + Set(then.versions.keys).union(now.versions.keys).sorted().map { ($0, then.versions[$0], now.versions[$0]) }
        let changed = pairs.filter { $0.then != $0.now }.map {
            "\($0.what): \($0.then ?? "unknown") then, \($0.now ?? "unknown") now"
        }
        return changed + (now.device == "cpu" ? [] : ["\(now.device): attention's backward adds in no fixed order"])
    }

    private static func difference(_ recorded: StepMetrics, _ found: StepMetrics, isExact: Bool) -> Difference? {
        func complaint<Value>(_ field: String, _ then: Value, _ now: Value) -> Difference {
            Difference(step: recorded.step, field: field, recorded: "\(then)", found: "\(now)")
        }
        let counts: [(String, KeyPath<StepMetrics, Int>)] = [
            ("step", \.step), ("validTokens", \.validTokens), ("selectedTokens", \.selectedTokens),
            ("filledAtRandom", \.filledAtRandom),
        ]
        for (field, path) in counts where recorded[keyPath: path] != found[keyPath: path] {
            return complaint(field, recorded[keyPath: path], found[keyPath: path])
        }
        if recorded.skipped != found.skipped {
            return complaint("skipped", recorded.skipped?.description ?? "no", found.skipped?.description ?? "no")
        }
        let numbers: [(String, KeyPath<StepMetrics, Double>)] = [
            ("loss", \.loss), ("selectedLoss", \.selectedLoss), ("gradientNorm", \.gradientNorm),
            ("learningRate", \.learningRate),
        ]
        for (field, path) in numbers {
            let (then, now) = (recorded[keyPath: path], found[keyPath: path])
            let agrees = isExact ? then == now : abs(then - now) <= tolerance * max(abs(then), abs(now))
            if !agrees && !(then.isNaN && now.isNaN) && then != now { return complaint(field, then, now) }
        }
        return nil
    }

    /// The folder of a run that the recipe names as one of its study's: the study lies around the run.
    private static func folder(of trained: TrainedRun, seed: Int, beside directory: RunDirectory) -> String {
        var root = directory.url.standardizedFileURL
        for _ in 0..<2 {
            root.deleteLastPathComponent()
            if exists(root.appendingPathComponent(StudyRecord.fileName)) { break }
        }
        let place: URL
        switch trained {
        case .reference: place = root.appendingPathComponent(trained.description)
        case .arm(let name):
            let arm = root.appendingPathComponent(name)
            let seeded = arm.appendingPathComponent("seed-\(seed)")
            place = exists(seeded) ? seeded : arm
        }
        let model = RunDirectory(place).model
        return exists(model) ? model.path : place.path
    }

    private static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
}
