import Foundation

/// What a study was and where its arms lie: `study.json`, in a directory with one run directory an arm beside it.
///
/// A report needs this record and the files it points at, nothing else. Every path in it is relative to the study's
/// directory, so that the directory can be moved. The record may be written before the study has finished: an arm
/// without a final evaluation is one that hasn't run.
public struct StudyRecord: Codable, Sendable, Equatable {
    public static let fileName = "study.json"
    public static let currentFormat = 1

    public struct Model: Codable, Sendable, Equatable {
        public var name: String
        /// SHA-256 of the weights as read.
        public var hash: String
        public var parameters: Int
        public var trainableParameters: Int
        /// What a reader has to know of it, such as that its weights were rounded to four bits.
        public var note: String?

        public init(name: String, hash: String, parameters: Int, trainableParameters: Int, note: String? = nil) {
            (self.name, self.hash, self.parameters) = (name, hash, parameters)
            (self.trainableParameters, self.note) = (trainableParameters, note)
        }
    }

    /// One split of one corpus.
    public struct Split: Codable, Sendable, Equatable {
        public enum Role: String, Codable, Sendable {
            case training, validation
            /// What a reference model was trained on.
            case reference
        }

        /// The key that evaluations and token-loss files use: `noisy`, `curated`.
        public var name: String
        /// As the report calls it: "held-out reference pages".
        public var label: String
        public var role: Role
        public var documents: Int
        public var tokens: Int
        /// Content hash of the shards.
        public var hash: String
        /// Where the text is from and under which licence.
        public var source: String

        public init(name: String, label: String, role: Role, documents: Int, tokens: Int, hash: String, source: String) {
            (self.name, self.label, self.role, self.documents) = (name, label, role, documents)
            (self.tokens, self.hash, self.source) = (tokens, hash, source)
        }
    }

    public struct Arm: Codable, Sendable, Equatable {
        public enum Role: String, Codable, Sendable {
            /// Plain causal language modeling: what every other arm is compared with.
            case baseline
            case selection
            /// The baseline again with another data order and nothing else changed: how far apart two runs are by chance.
            case null
            /// Any other comparison, such as CLM on the curated text.
            case control
        }

        /// Unique in the study, and usually its directory's name.
        public var name: String
        /// As the report calls it: "top-k 0.5".
        public var label: String
        public var role: Role
        /// Registry name of the score, where tokens are scored.
        public var score: String?
        /// Registry name of the policy: `all`, `topK`, `random`, `stochastic`.
        public var policy: String
        /// Share of the valid tokens that is selected; `nil` for `all`.
        public var ratio: Double?
        public var pool: String?
        /// As the report calls it: "base", "adapter trained on the tutorials".
        public var reference: String?
        public var seed: UInt64
        /// Its run directory, with `metrics.jsonl`.
        public var directory: String
        /// Its PEFT adapter folder at the end, where it trained an adapter.
        public var adapter: String?
        /// The adapter folder it started from; `nil` for PEFT's initialisation, which adds nothing (B = 0).
        public var startAdapter: String?
        /// Token-loss files at the end, by validation split.
        public var tokenLosses: [String: String] = [:]
        /// At least the start (step 0) and the end, on every validation split.
        public var evaluations: [EvaluationRecord] = []
        /// Valid target tokens trained on.
        public var tokens = 0
        /// Of those, the ones that carried the loss.
        public var selectedTokens = 0
        /// Wall time of the optimizer steps alone.
        public var trainingSeconds = 0.0
        /// Wall time with loading, scoring, evaluation and checkpoints.
        public var wallSeconds = 0.0
        /// What is to be said of this arm, such as that half its picks were filled at random.
        public var note: String?

        public init(
            name: String, label: String, role: Role, score: String? = nil, policy: String, ratio: Double? = nil,
            pool: String? = nil, reference: String? = nil, seed: UInt64, directory: String
        ) {
            (self.name, self.label, self.role, self.score, self.policy) = (name, label, role, score, policy)
            (self.ratio, self.pool, self.reference, self.seed) = (ratio, pool, reference, seed)
            self.directory = directory
        }

        /// The evaluation before the first step.
        public func start(on split: String) -> EvaluationRecord? {
            evaluations.first { $0.split == split && $0.step == 0 }
        }

        /// The evaluation after the last step; `nil` where the arm has not been trained.
        public func end(on split: String) -> EvaluationRecord? {
            evaluations.filter { $0.split == split && $0.step > 0 }.max { $0.step < $1.step }
        }

        public var tokensPerSecond: Double? { trainingSeconds > 0 ? Double(tokens) / trainingSeconds : nil }
    }

    public var format = StudyRecord.currentFormat
    public var title: String
    /// One paragraph: what is compared, and what is the same in every arm.
    public var summary: String
    /// The study's recipe in YAML, resolved.
    public var recipe: String
    public var model: Model
    /// Validation splits appear in the report in this order.
    public var splits: [Split]
    public var blockLength: Int
    /// One entry a component: `winnow`, `libtorch`, `swift`.
    public var versions: [String: String]
    public var device: String
    public var threads: Int
    public var startedAt: Date
    public var finishedAt: Date?
    /// Wall time of the whole study, over all resumptions.
    public var wallSeconds: Double
    public var arms: [Arm]
    /// Token-loss files of the start, by validation split: the base before any training.
    public var startTokenLosses: [String: String] = [:]
    public var published: [PublishedStudy]

    public init(
        title: String, summary: String, recipe: String, model: Model, splits: [Split], blockLength: Int,
        versions: [String: String], device: String, threads: Int, startedAt: Date, finishedAt: Date? = nil,
        wallSeconds: Double = 0, arms: [Arm], published: [PublishedStudy] = []
    ) {
        (self.title, self.summary, self.recipe, self.model) = (title, summary, recipe, model)
        (self.splits, self.blockLength, self.versions) = (splits, blockLength, versions)
        (self.device, self.threads, self.startedAt, self.finishedAt) = (device, threads, startedAt, finishedAt)
        (self.wallSeconds, self.arms, self.published) = (wallSeconds, arms, published)
    }

    public var validationSplits: [Split] { splits.filter { $0.role == .validation } }
    public var baseline: Arm? { arms.first { $0.role == .baseline } }

    /// Reads `study.json` in `directory`.
    public static func read(from directory: URL) throws -> StudyRecord {
        let url = directory.appendingPathComponent(fileName)
        guard FileManager.default.fileExists(atPath: url.path) else { throw RunRecordError.notAStudy(directory.path) }
        let record = try RecordFile.read(StudyRecord.self, from: url)
        guard record.format == currentFormat else {
            throw RunRecordError.unknownFormat(file: url.path, found: record.format, supported: currentFormat)
        }
        return record
    }

    /// Writes `study.json` into `directory`.
    public func write(to directory: URL) throws {
        try RecordFile.write(self, to: directory.appendingPathComponent(Self.fileName))
    }
}
