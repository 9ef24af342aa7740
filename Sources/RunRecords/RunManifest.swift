import Foundation

/// What a run was: enough to say whether two runs can be compared, and to repeat one. Stored as `manifest.json`.
public struct RunManifest: Codable, Sendable, Equatable {
    public static let currentFormat = 1

    public enum State: String, Codable, Sendable {
        /// Also what a killed run leaves behind.
        case running
        case finished
        /// Stopped by a signal, with a checkpoint written.
        case interrupted
        case failed
    }

    public var format = RunManifest.currentFormat
    /// One entry a component: `winnow`, `libtorch`, `swift`.
    public var versions: [String: String]
    /// As a reader would call it: `cpu`, `cuda:0 (NVIDIA H100)`.
    public var device: String
    public var threads: Int
    /// How many processes trained together; `nil` for one.
    public var ranks: Int?
    /// The processor's name, which decides the order of sums; `nil` where the machine doesn't tell.
    public var processor: String?
    /// The type the weights are computed in: `float32`, `bfloat16`.
    public var precision: String
    public var seed: UInt64
    /// SHA-256 of the weights as read.
    public var modelHash: String
    /// Content hash of each split's shards, by split name.
    public var dataHashes: [String: String]
    /// SHA-256 of what else the recipe names, by its key: the reference, the adapter that is gone on with.
    public var inputHashes: [String: String]?
    /// SHA-256 of the resolved `recipe.yaml`.
    public var recipeHash: String
    public var parameters: Int
    public var trainableParameters: Int

    public var state: State
    /// The sentence it ended with, where it failed.
    public var failure: String?
    public var startedAt: Date
    /// When it last stopped, for whatever reason.
    public var finishedAt: Date?
    /// Optimizer steps done.
    public var steps: Int
    /// Of those, the ones that could not be taken: see `SkippedStep`.
    public var skippedSteps: Int?
    /// Valid target tokens trained on.
    public var tokensSeen: Int
    /// Of those, the ones that carried the loss.
    public var selectedTokensSeen: Int
    /// Wall time of the optimizer steps alone, over all resumptions.
    public var trainingSeconds: Double
    /// Wall time with loading, evaluation and checkpoints, over all resumptions.
    public var wallSeconds: Double
    /// Where the run went on elsewhere than it began, in order; `nil` where it never did.
    public var movesElsewhere: [Move]?
    /// Wall time of the reference's pass over the run's blocks, where it was taken before the steps and apart from them.
    public var referenceScoringSeconds: Double?

    /// A run that is about to begin.
    public init(
        versions: [String: String], device: String, threads: Int, processor: String? = nil, precision: String, seed: UInt64,
        modelHash: String,
        dataHashes: [String: String], recipeHash: String, parameters: Int, trainableParameters: Int, startedAt: Date
    ) {
        (self.versions, self.device, self.threads) = (versions, device, threads)
        self.processor = processor
        (self.precision, self.seed, self.modelHash) = (precision, seed, modelHash)
        (self.dataHashes, self.recipeHash) = (dataHashes, recipeHash)
        (self.parameters, self.trainableParameters) = (parameters, trainableParameters)
        (self.state, self.startedAt) = (.running, startedAt)
        (self.steps, self.tokensSeen, self.selectedTokensSeen) = (0, 0, 0)
        (self.trainingSeconds, self.wallSeconds) = (0, 0)
    }

    public static func read(from url: URL) throws -> RunManifest {
        let manifest = try RecordFile.read(RunManifest.self, from: url)
        guard manifest.format == currentFormat else {
            throw RunRecordError.unknownFormat(file: url.path, found: manifest.format, supported: currentFormat)
        }
        return manifest
    }

    public func write(to url: URL) throws { try RecordFile.write(self, to: url) }
}
