import Foundation
import ModelFixtures
import Models
import Testing
import Torch

@Suite struct TextGeneratorTests {
    private let prompt: [Int32] = [3, 14, 15, 9, 26]

    private func options(_ change: (inout TextGenerator.Options) -> Void) -> TextGenerator.Options {
        var options = TextGenerator.Options()
        change(&options)
        return options
    }

    /// Token by token without a cache, the likeliest each time.
    @Test func greedyTakesTheLikeliestToken() throws {
        let model = try LlamaModel.tiny()
        let adapter = try LoRAAdapter.random(for: model)
        var expected = prompt
        for _ in 0..<12 {
            let logits: [Float] = model.logits(Tensor(expected.map { Int($0) }, shape: [1, expected.count]), adapter: adapter)
                .select(expected.count - 1, along: 1).reshaped([-1]).values()
            expected.append(Int32(logits.indices.max { logits[$0] < logits[$1] }!))
        }
        var streamed: [Int32] = []
        let found = try TextGenerator(model, adapter: adapter).continuation(
            of: prompt, options: options { ($0.sampling.temperature, $0.maximumTokenCount) = (0, 12) }
        ) { streamed.append($0) }
        #expect(found == .init(tokens: Array(expected[5...]), stopReason: .tokenCount))
        #expect(streamed == found.tokens)
    }

    @Test func aSeedDeterminesTheText() throws {
        let generator = TextGenerator(try LlamaModel.tiny())
        func text(_ seed: UInt64) throws -> [Int32] {
            try generator.continuation(of: prompt, options: options { ($0.sampling.seed, $0.maximumTokenCount) = (seed, 30) })
                .tokens
        }
        #expect(try text(1) == text(1))
        #expect(try text(1) != text(2))
    }

    @Test func aStopTokenEndsTheText() throws {
        let generator = TextGenerator(try LlamaModel.tiny())
        let free = try generator.continuation(of: prompt, options: options { $0.sampling.temperature = 0 }).tokens
        let stop = free[4]
        let first = free.firstIndex(of: stop)!
        let stopped = try generator.continuation(
            of: prompt,
            options: options {
                $0.sampling.temperature = 0
                $0.stopIDs = [stop]
            })
        #expect(stopped == .init(tokens: Array(free[..<first]), stopReason: .stopToken))
    }

    /// The last token of a text may stand at the last of the 64 positions' outputs.
    @Test func aModelsPositionsEndTheText() throws {
        let found = try TextGenerator(try LlamaModel.tiny()).continuation(of: prompt)
        #expect(found.tokens.count == 60)
        #expect(found.stopReason == .positions)
    }

    @Test func badInputIsNamed() throws {
        let generator = TextGenerator(try LlamaModel.tiny())
        func message(_ prompt: [Int32], _ change: (inout TextGenerator.Options) -> Void = { _ in }) -> String {
            do {
                _ = try generator.continuation(of: prompt, options: options(change))
                return "nothing was thrown"
            } catch { return "\(error)" }
        }
        #expect(message([]).hasPrefix("there is no token to go on from"))
        #expect(message([61]).hasPrefix("token 61 is none of the model's 61"))
        #expect(message([Int32](repeating: 1, count: 65)).hasPrefix("a sequence of 65 tokens is longer than the model's 64"))
        #expect(message(prompt) { $0.sampling.temperature = -1 }.hasPrefix("can't sample with a temperature of -1.0"))
        #expect(message(prompt) { $0.sampling.topP = 0 }.hasPrefix("can't sample with a top-p of 0.0"))
    }
}
