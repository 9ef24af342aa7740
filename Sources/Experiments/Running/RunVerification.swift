import Foundation
import RunRecords
import Torch
import Training

/// Does the first steps of a run once more, from nothing but what its directory and its inputs say, and compares the metrics.
///
/// With the processor, the threads and the libraries that the manifest names they have to agree to the last bit. Elsewhere, and
/// behind a step where the run itself went on elsewhere, sums are taken in another order: counts still have to be the same, and
/// numbers within `tolerance`.
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
    /// How this machine differs from the run's, and how the run's own did after some step, a phrase each; where there is nothing,
    /// bits are compared.
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
        if let input = manifest.inputChanged(in: now) {
            throw RunError.changedInput(directory: directory.url.path, input: input)
        }

        let here = Self.circumstances(manifest, now)
        let move = manifest.movesElsewhere?.first { $0.afterStep < recorded.count }
        circumstances = here + (move.map { move in move.circumstances.map { "from step \(move.afterStep + 1) on, \($0)" } } ?? [])
        var (compared, difference) = (0, Difference?.none)
        while difference == nil, compared < recorded.count, !run.trainer.isFinished {
            let found = try run.trainer.advance()
            let isExact = here.isEmpty && found.step <= move?.afterStep ?? .max
            difference = Self.difference(recorded[compared], found, isExact: isExact)
            compared += 1
        }
        (steps, self.difference) = (compared, difference)
    }

    private static func circumstances(_ then: RunManifest, _ now: RunManifest) -> [String] {
        then.circumstances(otherThanIn: now)
            + (now.device == "cpu" ? [] : ["\(now.device): attention's backward adds in no fixed order"])
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
