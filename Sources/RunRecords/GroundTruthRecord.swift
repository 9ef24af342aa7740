import Foundation

/// Whether scores find bad tokens: text in which the bad tokens' places are known, and what each score made of them.
/// `ground-truth.json` in a study's directory.
public struct GroundTruthRecord: Codable, Sendable, Equatable {
    public static let fileName = "ground-truth.json"
    public static let currentFormat = 1

    /// One text with one kind of damage.
    public struct Test: Codable, Sendable, Equatable {
        /// Unique: `swapped-words`, `champ`.
        public var name: String
        /// As the report calls it.
        public var label: String
        /// One sentence: what was done to the text, and where it is from.
        public var text: String
        public var blocks: Int
        /// Tokens that count.
        public var tokens: Int
        /// Of those, the bad ones.
        public var badTokens: Int
        public var scores: [Score]

        public init(name: String, label: String, text: String, blocks: Int, tokens: Int, badTokens: Int, scores: [Score]) {
            (self.name, self.label, self.text, self.blocks) = (name, label, text, blocks)
            (self.tokens, self.badTokens, self.scores) = (tokens, badTokens, scores)
        }
    }

    /// One score's ability to tell bad tokens, where *high* means bad.
    public struct Score: Codable, Sendable, Equatable {
        /// Unique in a test: `loss`, `entropy`, `excessLoss`.
        public var name: String
        /// As the report calls it: "loss − loss of the curated reference".
        public var label: String
        /// Probability that a bad token scores above a good one; ties count half. 0.5 is blind, below it the score takes bad
        /// tokens for good ones.
        public var auroc: Double
        /// 95 % interval over blocks.
        public var lowerBound: Double
        public var upperBound: Double
        /// Of the share `ratio` of tokens with the highest scores, which share is bad.
        public var precision: [Precision]
        /// AUROC less that of the raw loss, both judged on the same draws of blocks; `nil` for the loss itself.
        public var againstLoss: Difference?

        public init(
            name: String, label: String, auroc: Double, lowerBound: Double, upperBound: Double, precision: [Precision],
            againstLoss: Difference? = nil
        ) {
            (self.name, self.label, self.auroc) = (name, label, auroc)
            (self.lowerBound, self.upperBound, self.precision) = (lowerBound, upperBound, precision)
            self.againstLoss = againstLoss
        }
    }

    /// A difference in AUROC, with its 95 % interval over blocks.
    public struct Difference: Codable, Sendable, Equatable {
        public var value: Double
        public var lowerBound: Double
        public var upperBound: Double

        public init(value: Double, lowerBound: Double, upperBound: Double) {
            (self.value, self.lowerBound, self.upperBound) = (value, lowerBound, upperBound)
        }
    }

    public struct Precision: Codable, Sendable, Equatable {
        public var ratio: Double
        public var precision: Double

        public init(ratio: Double, precision: Double) { (self.ratio, self.precision) = (ratio, precision) }
    }

    public var format = GroundTruthRecord.currentFormat
    /// Whose losses were scored: "SmolLM2-135M-Instruct before training".
    public var student: String
    public var tests: [Test]
    /// Changes with the models, the texts and the damage: whether a later process may go on with these tests.
    public var key: String?

    public init(student: String, tests: [Test]) { (self.student, self.tests) = (student, tests) }

    public static func read(from url: URL) throws -> GroundTruthRecord {
        let record = try RecordFile.read(GroundTruthRecord.self, from: url)
        guard record.format == currentFormat else {
            throw RunRecordError.unknownFormat(file: url.path, found: record.format, supported: currentFormat)
        }
        return record
    }

    public func write(to url: URL) throws { try RecordFile.write(self, to: url) }
}
