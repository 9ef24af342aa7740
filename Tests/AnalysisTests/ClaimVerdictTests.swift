import Analysis
import Foundation
import RunRecords
import Testing

@Suite struct ClaimVerdictTests {
    private func claim(_ lower: Double?, _ upper: Double?, _ measure: Claim.Measure = .lossDifference) -> Claim {
        Claim(
            id: "c", source: "s", says: "s", measure: measure, arm: "a", control: "b", split: "x", lower: lower, upper: upper)
    }

    private func measured(_ lower: Double, _ upper: Double, covers: Bool = true) -> ClaimMeasurement {
        ClaimMeasurement(estimate: (lower + upper) / 2, lowerBound: lower, upperBound: upper, coversTraining: covers)
    }

    private func outcome(_ lower: Double?, _ upper: Double?, _ measurement: ClaimMeasurement) -> ClaimVerdict.Outcome {
        ClaimVerdict(claim(lower, upper), measured: measurement).outcome
    }

    @Test func theIntervalIsComparedWithTheRegion() {
        #expect(outcome(0, nil, measured(0.1, 0.3)) == .holds)
        #expect(outcome(0, nil, measured(-0.3, -0.1)) == .doesNotHold)
        #expect(outcome(0, nil, measured(-0.1, 0.3)) == .undecided)
        #expect(outcome(nil, 0, measured(-0.3, -0.1)) == .holds)
        #expect(outcome(nil, 0, measured(0.1, 0.3)) == .doesNotHold)
        #expect(outcome(-1, 1, measured(-0.9, 0.9)) == .holds)
        #expect(outcome(-1, 1, measured(-1.1, 0.9)) == .undecided)
        #expect(outcome(-1, 1, measured(1.1, 1.2)) == .doesNotHold)
        // Two identical arms: 0 is not above 0.
        #expect(outcome(0, nil, measured(0, 0)) == .doesNotHold)
    }

    @Test func oneSeedDecidesNothing() throws {
        #expect(outcome(0, nil, measured(0.1, 0.3, covers: false)) == .undecided)
        #expect(outcome(0, nil, measured(-0.3, -0.1, covers: false)) == .undecided)
        let one = ClaimVerdict(claim(0, nil), measured: ClaimMeasurement(try SeedSummary([0.4])))
        #expect(one.outcome == .undecided && one.budgetHint == .moreSeedsFirst)
        #expect((one.estimate, one.lowerBound, one.upperBound) == (0.4, nil, nil))
    }

    /// exp of the loss difference: 1.5 % of perplexity is 0.0149 nats.
    @Test func aPerplexityRatioIsJudgedInItsOwnUnit() throws {
        let verdict = ClaimVerdict(claim(nil, 1.015, .perplexityRatio), measured: measured(-0.01, 0.0148))
        #expect(verdict.outcome == .holds)
        #expect(abs(try #require(verdict.upperBound) - exp(0.0148)) < 1e-12)
        #expect(ClaimVerdict(claim(nil, 1.015, .perplexityRatio), measured: measured(-0.01, 0.0150)).outcome == .undecided)
    }

    @Test func whatCannotBeMeasuredIsSaid() {
        let claims = [claim(0, nil), claim(nil, nil)]
        let verdicts = ClaimVerdict.judge(claims) { claim in
            if claim.lower != nil { throw AnalysisError.tooFewBlocks(1) }
            return measured(1, 2)
        }
        #expect(verdicts[0].outcome == .notTested(AnalysisError.tooFewBlocks(1).description))
        #expect(verdicts[0].estimate == nil)
        guard case .notTested = verdicts[1].outcome else {
            Issue.record("a claim without a region was judged")
            return
        }
    }

    /// Variances and effect of a study that is limited by its seeds, by its text, by neither and by both.
    @Test(arguments: [(0.01, 0.0), (0.0, 4.0), (0.01, 4.0), (1e-6, 1e-4)])
    func theBudgetIsTheLeastThatDecides(seedVariance: Double, blockVariance: Double) throws {
        let gap = 0.05
        let components = VarianceComponents(
            seedVariance: seedVariance, blockVariance: blockVariance, seeds: 3, blocks: 100, tokens: 12_700)
        guard case .budget(let seeds, let tokens) = components.budget(toClear: gap) else {
            Issue.record("no budget")
            return
        }
        let blocks = tokens / 127
        #expect(components.halfWidth(seeds: seeds, blocks: blocks) < gap)
        #expect(seeds >= 3 && blocks >= 100)
        if seeds > 3 { #expect(components.halfWidth(seeds: seeds - 1, blocks: blocks) >= gap) }
        #expect((blockVariance == 4) == (blocks > 100))
        #expect((seedVariance == 0.01) == (seeds > 3))
    }

    @Test func someBudgetsAreOutOfReachOrUnknown() {
        var components = VarianceComponents(seedVariance: 1, blockVariance: 1, seeds: 3, blocks: 100, tokens: 12_700)
        #expect(components.budget(toClear: 0.001) == .outOfReach)
        #expect(components.budget(toClear: 0) == .outOfReach)
        components.seedVariance = nil
        #expect(components.budget(toClear: 1) == .moreSeedsFirst)
    }

    /// An undecided claim carries the budget of its own gap: the estimate's distance to the nearer bound.
    @Test func anUndecidedClaimSaysWhatWouldDecide() throws {
        let components = VarianceComponents(seedVariance: 0.01, blockVariance: 0, seeds: 3, blocks: 100, tokens: 12_700)
        let half = components.halfWidth(seeds: 3, blocks: 100)
        let verdict = ClaimVerdict(
            claim(0, 5),
            measured: ClaimMeasurement(
                estimate: 0.1, lowerBound: 0.1 - half, upperBound: 0.1 + half, coversTraining: true, components: components))
        #expect(verdict.outcome == .undecided)
        #expect(verdict.budgetHint == components.budget(toClear: 0.1))
        // t(6) · 0.1/√7 = 0.092 < 0.1 ≤ t(5) · 0.1/√6 = 0.105.
        #expect(verdict.budgetHint == .budget(seeds: 7, heldOutTokens: 12_700))
    }
}
