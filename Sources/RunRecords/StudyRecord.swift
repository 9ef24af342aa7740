import Foundation

/// What a study was and where its runs lie: `study.json`, in a directory with the run directories beside it.
///
/// A report needs this record and the files it points at, nothing else. Every path in it is relative to the study's
/// directory, so that the directory can be moved. The record may be written before the study has finished: an arm
/// without a final evaluation is one that hasn't run.
public struct StudyRecord: Codable, Sendable, Equatable {
    public static let fileName = "study.json"
    public static let currentFormat = 2

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
    /// What is to be decided, fixed before the runs.
    public var claims: [Claim] = []
    /// Departures from good practice that the study makes on purpose, such as a replication's.
    public var quirks: [Quirk] = []
    /// The reference models' losses of the held-out splits, by reference and by split: what a token-loss file holds.
    public var referenceTokenLosses: [String: [String: String]] = [:]
    /// Whether scores find bad tokens whose places are known: the path of a `GroundTruthRecord`.
    public var groundTruth: String?
    /// Text of the first blocks of a validation split, by split: the paths of `TokenTexts`.
    public var viewerTexts: [String: String] = [:]

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

    /// Reads `study.json` in `directory`. It may be a stranger's: no path in it leads out of the directory, but `startAdapter`.
    public static func read(from directory: URL) throws -> StudyRecord {
        let url = directory.appendingPathComponent(fileName)
        guard FileManager.default.fileExists(atPath: url.path) else { throw RunRecordError.notAStudy(directory.path) }
        let record = try RecordFile.read(StudyRecord.self, from: url)
        guard record.format == currentFormat else {
            throw RunRecordError.unknownFormat(file: url.path, found: record.format, supported: currentFormat)
        }
        if let flaw = record.sizeFlaw ?? record.countFlaw ?? record.pathFlaw {
            throw RunRecordError.unreadable(file: url.path, reason: flaw)
        }
        return record
    }

    /// Writes `study.json` into `directory`.
    public func write(to directory: URL) throws {
        try RecordFile.write(self, to: directory.appendingPathComponent(Self.fileName))
    }
}
