import Corpora
import Experiments
import Testing

@Suite struct GroundTruthScoresTests {
    /// Two blocks of three tokens, one bad in each.
    private let tokens = [(0, true), (0, false), (0, false), (1, false), (1, true), (1, false)].map {
        MarkedBlocks.Counted(block: $0, isBad: $1)
    }

    @Test func highMeansBad() throws {
        let scores = try GroundTruthScores(
            // The student's loss finds both; its entropy takes them for the best; the reference knows them as the student does.
            student: .init(loss: [5, 1, 2, 3, 4, 0], entropy: [0, 2, 3, 4, 1, 5]),
            references: [("curated", .init(loss: [5, 1, 2, 3, 4, 0], entropy: [1, 1, 1, 1, 1, 1]))]
        ).judged(by: tokens)
        let area = Dictionary(uniqueKeysWithValues: scores.map { ($0.name, $0.auroc) })
        #expect(
            area == [
                "loss": 1, "entropy": 0, "negativeProbability": 1, "excessLoss-curated": 0.5, "referenceLoss-curated": 1,
                "referenceEntropy-curated": 0.5,
            ])
        // A third is bad: at that ratio the loss picks the two bad ones, at a half a good one besides.
        #expect(scores[0].precision.map(\.ratio) == [0.1, 0.3, 0.5, 1.0 / 3])
        #expect(scores[0].precision.map(\.precision) == [1, 1, 2.0 / 3, 1])
        #expect(scores[1].precision.last?.precision == 0)
        #expect(scores.allSatisfy { $0.lowerBound <= $0.auroc && $0.auroc <= $0.upperBound })
        // A score that is worse than the loss stands below zero, in whichever blocks are drawn.
        #expect(scores[1].againstLoss == .init(value: -1, lowerBound: -1, upperBound: -1))
        #expect(scores.first { $0.name == "referenceLoss-curated" }?.againstLoss == .init(value: 0, lowerBound: 0, upperBound: 0))
    }

    @Test func excessIsStudentMinusReference() throws {
        let scores = try GroundTruthScores(
            student: .init(loss: [3, 3, 3, 3, 3, 3], entropy: [1, 1, 1, 1, 1, 1]),
            references: [("r", .init(loss: [1, 2, 2, 2, 1, 2], entropy: [1, 1, 1, 1, 1, 1]))]
        ).judged(by: tokens)
        #expect(scores.first { $0.name == "excessLoss-r" }?.auroc == 1)
        #expect(scores.first { $0.name == "referenceLoss-r" }?.auroc == 0)
    }
}
