import Analysis
import Corpora
import Foundation
import RunRecords

/// How well each score tells the bad tokens of a text, from what the models said of them.
package struct GroundTruthScores {
    /// A model's opinion of every token that counts, in nats.
    package struct Opinion {
        package var loss: [Float] = []
        package var entropy: [Float] = []

        package init(loss: [Float] = [], entropy: [Float] = []) { (self.loss, self.entropy) = (loss, entropy) }
    }

    /// Shares of tokens at which precision is stated, beside the share that is bad.
    static let ratios = [0.1, 0.3, 0.5]

    let student: Opinion
    let references: [(name: String, opinion: Opinion)]

    package init(student: Opinion, references: [(name: String, opinion: Opinion)]) {
        (self.student, self.references) = (student, references)
    }

    /// - Throws: an `AnalysisError` where the text has good or bad tokens alone, or a score is not a number.
    package func judged(by tokens: [MarkedBlocks.Counted]) throws -> [GroundTruthRecord.Score] {
        let (bad, blocks) = (tokens.map(\.isBad), tokens.map(\.block))
        let share = Double(bad.count { $0 }) / Double(bad.count)
        return try scores.map { score in
            let area = try AUROC(scores: score.values, marked: bad, blocks: blocks)
            let precision = try (Self.ratios + [share]).map {
                GroundTruthRecord.Precision(
                    ratio: $0, precision: try PrecisionAtRatio(scores: score.values, marked: bad, ratio: $0).precision)
            }
            return GroundTruthRecord.Score(
                name: score.name, label: score.label, auroc: area.value, lowerBound: area.lowerBound,
                upperBound: area.upperBound, precision: precision,
                againstLoss: score.name == "loss"
                    ? nil : try AUROC.difference(score.values, minus: student.loss, marked: bad, blocks: blocks).recorded)
        }
    }

    /// Oriented so that the suspected token is high: a selector that keeps high scores trains on what ranks first here.
    private var scores: [Named] {
        var scores = [
            Named(name: "loss", label: "loss", values: student.loss),
            Named(name: "entropy", label: "entropy", values: student.entropy),
            Named(
                name: "negativeProbability", label: "−p(target), which ranks as the loss does",
                values: student.loss.map { -Float(exp(-Double($0))) }),
        ]
        for (name, opinion) in references {
            let excess = zip(student.loss, opinion.loss).map { $0 - $1 }
            scores += [
                Named(name: "excessLoss-\(name)", label: "loss − loss of the \(name) reference", values: excess),
                Named(name: "referenceLoss-\(name)", label: "loss of the \(name) reference", values: opinion.loss),
                Named(name: "referenceEntropy-\(name)", label: "entropy of the \(name) reference", values: opinion.entropy),
            ]
        }
        return scores
    }

    private struct Named {
        let name: String
        let label: String
        let values: [Float]
    }
}

extension AUROC {
    fileprivate var recorded: GroundTruthRecord.Difference {
        GroundTruthRecord.Difference(value: value, lowerBound: lowerBound, upperBound: upperBound)
    }
}
