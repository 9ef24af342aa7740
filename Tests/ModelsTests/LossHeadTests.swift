import Foundation
import ModelFixtures
import Models
import Testing
import Torch

/// The head's losses and its hand-written backward pass, in float64.
@Suite struct LossHeadTests {
    private let rows = 11
    private let width = 6
    private let vocabulary = 23
    private let generator = Generator(seed: 8)

    private func values(_ shape: [Int]) -> [Double] { generator.normal(shape, dtype: .float64).values() }

    /// Σ over `selected` of the losses.
    private func objective(_ hidden: [Double], _ weight: [Double], _ targets: [Int], _ selected: [Int]) -> Double {
        let head = LossHead(weight: Tensor(weight, shape: [vocabulary, width]))
        let losses: [Double] = head.score(Tensor(hidden, shape: [rows, width]), targets: Tensor(targets)).loss.values()
        return selected.reduce(0) { $0 + losses[$1] }
    }

    /// Central differences at every place of `point`.
    private func slope(at point: [Double], of function: ([Double]) -> Double) -> [Double] {
        let step = 1e-5
        return point.indices.map { index in
            func value(_ shift: Double) -> Double {
                var moved = point
                moved[index] += shift
                return function(moved)
            }
            return (value(step) - value(-step)) / (2 * step)
        }
    }

    /// The vocabulary in 12, 3 and 1 parts.
    @Test(arguments: [(2, false), (2, true), (8, true), (23, false)], [[0, 3, 4, 10], [7], Array(0..<11)])
    func gradientsAgreeWithFiniteDifferences(_ way: (classesAtOnce: Int, keepsLogits: Bool), selected: [Int]) throws {
        let (hidden, weight) = (values([rows, width]), values([vocabulary, width]))
        let targets = (0..<rows).map { ($0 * 7 + 2) % vocabulary }
        let weights = Tensor(weight, shape: [vocabulary, width])
        weights.requiresGradient = true
        let head = LossHead(
            weight: weights, logitBudget: way.classesAtOnce * rows * 8, keptBudget: way.keepsLogits ? 1 << 20 : 0)
        let scored = head.score(Tensor(hidden, shape: [rows, width]), targets: Tensor(targets), forGradient: true)
        let gradient: [Double] = scored.gradient(ofRows: Tensor(selected)).values()
        // What is kept isn't used up.
        weights.gradient = nil
        #expect(scored.gradient(ofRows: Tensor(selected)).values() == gradient)

        let ofHidden = slope(at: hidden) { objective($0, weight, targets, selected) }
        for row in 0..<rows where !selected.contains(row) {
            #expect(ofHidden[row * width..<(row + 1) * width].allSatisfy { $0 == 0 })
        }
        let expected = selected.flatMap { ofHidden[$0 * width..<($0 + 1) * width] }
        let difference = Difference(gradient, expected)
        #expect(difference.isWithin(absolute: 1e-8), "hidden: \(difference)")

        let ofWeight = slope(at: weight) { objective(hidden, $0, targets, selected) }
        let weightDifference = Difference(try #require(weights.gradient).values(Double.self), ofWeight)
        #expect(weightDifference.isWithin(absolute: 1e-8), "weight: \(weightDifference)")
    }

    @Test func theHeadsGradientAccumulates() throws {
        let weights = Tensor(values([vocabulary, width]), shape: [vocabulary, width])
        weights.requiresGradient = true
        let hidden = Tensor(values([rows, width]), shape: [rows, width])
        let targets = Tensor((0..<rows).map { $0 % vocabulary })
        func backward(_ selected: [Int]) -> [Double] {
            _ = LossHead(weight: weights).score(hidden, targets: targets).gradient(ofRows: Tensor(selected))
            return weights.gradient!.values()
        }
        let first = backward([0, 5])
        let both = backward([1, 2])
        weights.gradient = nil
        let second = backward([1, 2])
        #expect(Difference(both, zip(first, second).map(+)).isWithin(absolute: 1e-12))
    }

    /// Against their definitions, whatever the parts.
    @Test(arguments: [1, 5, 100]) func lossAndEntropyAreThoseOfTheDistribution(classesAtOnce: Int) {
        let (hidden, weight) = (values([rows, width]), values([vocabulary, width]))
        let targets = (0..<rows).map { ($0 * 5 + 1) % vocabulary }
        let head = LossHead(weight: Tensor(weight, shape: [vocabulary, width]), logitBudget: classesAtOnce * rows * 8)
        let scored = head.score(Tensor(hidden, shape: [rows, width]), targets: Tensor(targets), entropy: true)
        let logProbabilities: Tensor = Operator.logSoftmax(
            Tensor(hidden, shape: [rows, width]).matmul(Tensor(weight, shape: [vocabulary, width]).transpose), 1)
        let rowsOfLog: [Double] = logProbabilities.values()
        let losses = targets.enumerated().map { -rowsOfLog[$0 * vocabulary + $1] }
        let entropies = (0..<rows).map { row in
            -rowsOfLog[row * vocabulary..<(row + 1) * vocabulary].reduce(0) { $0 + exp($1) * $1 }
        }
        #expect(Difference(scored.loss.values(Double.self), losses).isWithin(absolute: 1e-12))
        #expect(Difference(scored.entropy!.values(Double.self), entropies).isWithin(absolute: 1e-12))
    }

    /// The size of a real vocabulary, in float32, against the same in float64.
    @Test func float32Agrees() {
        let (rows, width, vocabulary) = (37, 24, 49152)
        let (hidden, weight) = (
            generator.normal([rows, width], dtype: .float64), generator.normal([vocabulary, width], dtype: .float64)
        )
        let targets = Tensor((0..<rows).map { ($0 * 7919 + 3) % vocabulary })
        let selected = Tensor([1, 5, 30])
        let exact = LossHead(weight: weight).score(hidden, targets: targets, entropy: true)
        let single = LossHead(weight: weight.converted(to: .float32), logitBudget: 1 << 20).score(
            hidden.converted(to: .float32), targets: targets, entropy: true)
        #expect(Difference(single.loss.values(Double.self), exact.loss.values(Double.self)).isWithin(absolute: 1e-5))
        #expect(Difference(single.entropy!.values(Double.self), exact.entropy!.values(Double.self)).isWithin(absolute: 1e-5))
        let difference = Difference(
            single.gradient(ofRows: selected).values(Double.self), exact.gradient(ofRows: selected).values(Double.self))
        #expect(difference.relativeNorm < 1e-5, "\(difference)")
    }

    @Test func aTargetThatIsNoClassHasNoLoss() {
        let head = LossHead(weight: Tensor(values([vocabulary, width]), shape: [vocabulary, width]), logitBudget: 8 * 3 * 5)
        let losses: [Double] = head.score(Tensor(values([3, width]), shape: [3, width]), targets: Tensor([4, vocabulary, -1]))
            .loss.values()
        #expect(losses[0].isFinite && losses[1].isNaN && losses[2].isNaN)
    }

    @Test func noRowsGiveNoLosses() {
        let head = LossHead(weight: Tensor(values([vocabulary, width]), shape: [vocabulary, width]))
        let scored = head.score(.zeros([0, width], dtype: .float64), targets: Tensor([Int]()), entropy: true)
        #expect(scored.loss.shape == [0])
        #expect(scored.gradient(ofRows: Tensor([Int]())).shape == [0, width])
    }
}
