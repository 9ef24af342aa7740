import Foundation
import Models
import Testing
import Torch

@Suite struct TokenSamplerTests {
    private let probabilities = [0.1, 0.4, 0.05, 0.3, 0.15]

    private func frequencies(_ draws: Int, _ change: (inout TokenSampler.Options) -> Void) throws -> [Double] {
        var options = TokenSampler.Options()
        options.seed = 12
        change(&options)
        let sampler = try TokenSampler(options)
        let logits = Tensor(probabilities.map { Float(log($0)) + 3 })
        var counts = [Double](repeating: 0, count: 5)
        for _ in 0..<draws { counts[Int(try sampler.next(logits))] += 1 / Double(draws) }
        return counts
    }

    /// Within five standard deviations of a binomial at 4000 draws, which are at most 0.04.
    private func expect(_ found: [Double], _ expected: [Double]) {
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 0.04 && ($1 > 0 || $0 == 0) }, "\(found), not \(expected)")
    }

    @Test func tokensComeAsOftenAsTheModelSays() throws {
        expect(try frequencies(4000) { _ in }, probabilities)
    }

    @Test func temperatureIsAPowerOfTheProbabilities() throws {
        let powers = probabilities.map { pow($0, 1 / 0.5) }
        let total = powers.reduce(0, +)
        expect(try frequencies(4000) { $0.temperature = 0.5 }, powers.map { $0 / total })
        expect(try frequencies(20) { $0.temperature = 0 }, [0, 1, 0, 0, 0])
        expect(try frequencies(20) { $0.temperature = 1e-300 }, [0, 1, 0, 0, 0])
    }

    /// 0.4 + 0.3 reach 0.7 but not 0.71, which takes a third token.
    @Test func topPCutsTheTail() throws {
        expect(try frequencies(4000) { $0.topP = 0.69 }, [0, 0.4 / 0.7, 0, 0.3 / 0.7, 0])
        expect(try frequencies(4000) { $0.topP = 0.71 }, [0, 0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85])
        expect(try frequencies(20) { $0.topP = 0.01 }, [0, 1, 0, 0, 0])
    }

    @Test func logitsThatAreNoNumbersAreAnError() throws {
        let sampler = try TokenSampler()
        for logits in [[Float.nan, 0], [0, .nan], [.infinity, 0], [-.infinity, -.infinity]] {
            #expect(throws: ModelError.self) { try sampler.next(Tensor(logits)) }
        }
        #expect(try sampler.next(Tensor([-.infinity, 0] as [Float])) == 1)
    }
}
