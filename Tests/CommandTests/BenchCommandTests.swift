import Foundation
import ModelFixtures
import Testing

@Suite struct BenchCommandTests {
    private struct Figures: Decodable {
        var tokensPerSecond, loss, selectedLoss, gradientNorm, productOperationsPerSecond, operationsPerToken: Double
        var steps, tokensPerStep, peakMemoryBytes: Int
        /// Absent where each layer is one piece.
        var plainLayers: String?
        var breakdown: Breakdown?
    }

    private struct Breakdown: Decodable {
        struct Part: Decodable {
            var kind: String
            var seconds: Double
            var operationsPerSecond: Double?
        }
        var seconds: Double
        var parts: [Part]
    }

    @Test func theDefaultModelIsTimed() throws {
        let figures: Figures = try WinnowProcess(
            "bench", "data.blockLength=32", "training.batchSize=2", "--steps", "2", "--rounds", "1", "--warmup", "0",
            "--breakdown",
            "--json"
        ).decoded()
        #expect(figures.steps == 2 && figures.tokensPerStep == 64)
        #expect(figures.tokensPerSecond > 0 && figures.productOperationsPerSecond > 0)
        #expect(figures.loss == figures.selectedLoss && (1..<6).contains(figures.loss))
        #expect(figures.gradientNorm > 0 && figures.plainLayers == nil)
        #expect(figures.operationsPerToken > 4 * 134e6)
        // No less than the weights, and not what the process that started it takes.
        #expect((538_000_000..<3_000_000_000).contains(figures.peakMemoryBytes))
        let breakdown = try #require(figures.breakdown)
        let parts = breakdown.parts
        #expect(abs(parts.reduce(0) { $0 + $1.seconds } - breakdown.seconds) <= 1e-6 * breakdown.seconds)
        // The counted operations of all parts are the step's, whatever time they took.
        let counted = parts.reduce(0) { $0 + ($1.operationsPerSecond ?? 0) * $1.seconds }
        #expect(abs(counted / (64 * figures.operationsPerToken) - 1) < 1e-6)
    }

    @Test func badInputIsNamed() throws {
        for (arguments, message) in [
            (["--steps", "0"], "--steps is 1 or more"), (["training.batchsize=2"], "batchSize"),
            (["--paced", "--json"], "--paced prints JSON"), (["--paced", "--breakdown"], "--breakdown is not for --paced"),
            (["--reference", "cached"], "'stored' and 'live'"),
        ] {
            let process = try WinnowProcess(["bench"] + arguments)
            #expect(process.exitCode == 64, "\(process.errors)")
            #expect(process.errors.contains(message), "\(process.errors)")
        }
    }
}
