import Testing
import TokenSelection
import Torch

@Suite struct TokenSelectorTests {
    private static let policies = SelectionPolicyRegistry.names.filter { $0 != "all" }

    private func scores(_ count: Int, seed: UInt64 = 4) -> Tensor { Generator(seed: seed).normal([count]) }

    private func select(
        _ scores: Tensor, _ selector: TokenSelector, groups: [Int]? = nil, seed: UInt64 = 1
    ) throws -> TokenSelection {
        try selector.select(
            TokenMeasurements(loss: scores), groups: groups ?? [scores.count], noise: Generator(seed: seed))
    }

    private func selector(
        _ policy: String, _ ratio: Double, pool: TokenSelector.Pool = .microBatch, ties: TokenSelector.Ties = .earlier
    ) throws -> TokenSelector {
        try TokenSelector(policy: SelectionPolicyRegistry.policy(named: policy), ratio: ratio, pool: pool, ties: ties)
    }

    // MARK: Counts and order

    /// max(1, ⌊ratio · valid⌋) distinct positions of each pool, ascending.
    @Test(arguments: policies, [0.001, 0.3, 0.5, 0.99, 1]) func countsAreExact(policy: String, ratio: Double) throws {
        let groups = [7, 0, 1, 20, 3]
        let selection = try select(scores(31), selector(policy, ratio), groups: groups)
        let expected = [7, 1, 20, 3].map { max(1, Int((ratio * Double($0)).rounded(.down))) }
        #expect(selection.poolCounts == expected)
        #expect(selection.indices == Set(selection.indices).sorted())
        var start = 0
        for (group, count) in zip([7, 1, 20, 3], expected) {
            #expect(selection.indices.count { (start..<start + group).contains($0) } == count)
            start += group
        }
    }

    @Test func everythingTakesEveryToken() throws {
        let selection = try select(scores(9), .everything, groups: [4, 5])
        #expect(selection.indices == Array(0..<9))
        #expect(!selection.allTied)
    }

    /// The same scores ranked in one pool and in two.
    @Test func aPoolBoundsTheCompetition() throws {
        let scores = Tensor([9, 8, 7, 6, 1, 2, 3, 4] as [Float])
        #expect(try select(scores, selector("topK", 0.5)).indices == [0, 1, 2, 3])
        #expect(try select(scores, selector("topK", 0.5), groups: [4, 4]).indices == [0, 1, 6, 7])
    }

    @Test func topKTakesTheHighest() throws {
        let values: [Float] = scores(40).values()
        let selection = try select(scores(40), selector("topK", 0.25))
        let expected = values.indices.sorted { values[$0] > values[$1] }.prefix(10).sorted()
        #expect(selection.indices == expected)
    }

    // MARK: Ties

    @Test func tiesGoToTheEarlierPosition() throws {
        let scores = Tensor([1, 5, 5, 2, 5, 5] as [Float])
        for seed in 0..<5 as Range<UInt64> {
            #expect(try select(scores, selector("topK", 0.5), seed: seed).indices == [1, 2, 4])
        }
    }

    /// Random ties pick among the equal alone, evenly, and the same way for the same seed.
    @Test func randomTiesAreEvenAndRepeat() throws {
        let scores = Tensor([1, 5, 5, 2, 5, 9] as [Float])
        let selector = try selector("topK", 0.34, ties: .random)
        var counts = [Int](repeating: 0, count: 6)
        for seed in 0..<3000 as Range<UInt64> {
            let indices = try select(scores, selector, seed: seed).indices
            #expect(indices == (try select(scores, selector, seed: seed).indices))
            for index in indices { counts[index] += 1 }
        }
        #expect(counts[0] == 0 && counts[3] == 0 && counts[5] == 3000)
        // Three standard deviations of a binomial of 3000 and 1/3 are 78.
        for index in [1, 2, 4] { #expect(abs(counts[index] - 1000) < 100, "\(counts)") }
    }

    @Test(arguments: ["topK", "stochastic"]) func equalScoresAreSaidToTie(policy: String) throws {
        #expect(try select(.full([6], 0.5), selector(policy, 0.5)).allTied)
        #expect(try !select(Tensor([1, 1, 1, 2] as [Float]), selector(policy, 0.5)).allTied)
        #expect(try !select(.full([1], 0.5), selector(policy, 0.5)).allTied)
    }

    @Test func aPolicyThatLooksAtNoScoreDoesNotTie() throws {
        #expect(try !select(.full([6], 0.5), selector("random", 0.5)).allTied)
    }

    // MARK: Weights that are not there

    @Test func weightsOfZeroFillUpWhatIsMissing() throws {
        let scores = Tensor([0, -3, 2, 0, 1e-30, -1, 0, 0] as [Float])
        var fills = Set<Int>()
        for seed in 0..<200 as Range<UInt64> {
            let selection = try select(scores, selector("stochastic", 0.5), seed: seed)
            #expect(selection.indices.count == 4)
            #expect(selection.indices.contains(2) && selection.indices.contains(4))
            #expect(selection.candidateCount == 2)
            #expect(selection.filledCount == 2)
            fills.formUnion(selection.indices)
        }
        #expect(fills == Set(0..<8), "every token of weight 0 gets its turn")
    }

    @Test func noWeightAtAllIsARandomDraw() throws {
        let selection = try select(.zeros([10]), selector("stochastic", 0.3))
        #expect(selection.indices.count == 3)
        #expect(selection.candidateCount == 0 && selection.filledCount == 3)
        #expect(selection.allTied)
    }

    /// A policy of somebody's own that names its candidates and gives the others the highest keys.
    @Test func candidatesRankFirstWhateverTheKeys() throws {
        struct Negative: SelectionPolicy {
            func keys(for scores: Tensor, noise: Generator) -> SelectionKeys {
                SelectionKeys(scores, candidates: Operator.greaterThan(-scores, 0))
            }
        }
        let scores = Tensor([4, -1, 3, -2, -3, 5] as [Float])
        let few = try select(scores, TokenSelector(policy: Negative(), ratio: 0.34))
        #expect(few.indices == [1, 3])
        #expect(few.candidateCount == 3 && few.filledCount == 0)
        let many = try select(scores, TokenSelector(policy: Negative(), ratio: 0.7))
        #expect(many.indices == [1, 3, 4, 5])
        #expect(many.filledCount == 1)
    }

    // MARK: Bad input

    @Test(arguments: policies) func nothingValidIsAnError(policy: String) throws {
        let selector = try selector(policy, 0.5)
        #expect(throws: SelectionError.nothingValid) { try select(.zeros([0]), selector, groups: [0, 0]) }
    }

    @Test(arguments: ["topK", "stochastic"]) func notANumberIsAnError(policy: String) throws {
        let selector = try selector(policy, 0.5)
        let scores = Tensor([1, .nan, 3, 0] as [Float])
        #expect(throws: SelectionError.notANumber(what: "score LossScore")) { try select(scores, selector) }
    }

    @Test func infiniteScoresRankAsTheyShould() throws {
        let scores = Tensor([1, .infinity, -.infinity, 2] as [Float])
        #expect(try select(scores, selector("topK", 0.5)).indices == [1, 3])
    }

    @Test(arguments: [0, -0.5, 1.01, .nan, .infinity]) func aRatioOutsideOfItsRangeIsAnError(ratio: Double) {
        #expect(throws: SelectionError.self) { try TokenSelector(policy: TopKPolicy(), ratio: ratio) }
    }

    @Test func allTokensAndARatioExcludeEachOther() {
        #expect(throws: SelectionError.ratioOutOfRange(0.5)) { try TokenSelector(policy: AllTokensPolicy(), ratio: 0.5) }
    }

    @Test func unknownNamesListTheKnownOnes() {
        #expect(throws: SelectionError.unknownPolicy("top-k", known: ["all", "random", "stochastic", "topK"])) {
            _ = try SelectionPolicyRegistry.policy(named: "top-k")
        }
        #expect(
            throws: SelectionError.unknownScore(
                "excess", known: ["entropy", "excessLoss", "loss", "selfReference", "targetProbability"])
        ) {
            _ = try TokenScoreRegistry.score(named: "excess")
        }
    }

    /// A policy of somebody's own that gives too few keys.
    @Test func aPolicyMustGiveAKeyForEachToken() throws {
        struct Short: SelectionPolicy {
            func keys(for scores: Tensor, noise: Generator) -> SelectionKeys { SelectionKeys(scores.slice(0..<2)) }
        }
        let selector = try TokenSelector(policy: Short(), ratio: 0.5)
        #expect(throws: SelectionError.wrongKeyCount(policy: "Short", found: 2, expected: 5)) {
            try select(.zeros([5]), selector)
        }
    }

    // MARK: Scores

    @Test func scoresReadWhatTheyName() throws {
        let measurements = TokenMeasurements(
            loss: Tensor([3, 1] as [Float]), entropy: Tensor([0.5, 2] as [Float]), referenceLoss: Tensor([1, 4] as [Float]))
        func score(_ name: String) throws -> [Float] {
            let score = try TokenScoreRegistry.score(named: name)
            return score(measurements).values()
        }
        #expect(try score("loss") == [3, 1])
        #expect(try score("excessLoss") == [2, -3])
        #expect(try score("entropy") == [0.5, 2])
        #expect(ExcessLossScore().needs == [.referenceLoss])
        #expect(try TokenSelector(score: ExcessLossScore(), policy: RandomPolicy(), ratio: 0.5).needs.isEmpty)
    }
}
