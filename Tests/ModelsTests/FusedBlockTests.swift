import Models
import Testing
import Torch

/// The fused layer against the plain one, in float64, where they agree to rounding.
@Suite struct FusedBlockTests {
    private func gradients(
        fused: Bool, _ tiny: TinyModel, targets: [String]?, batch: Int, length: Int
    ) throws -> (hidden: [Double], gradients: [String: [Double]]) {
        let model = try tiny.model(.float64)
        model.fusesLayers = fused
        let adapter = try tiny.adapter(for: model, targets: targets, dtype: .float64)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        let hidden = model.hiddenStates(TinyModel.tokens(batch, length), adapter: adapter)
        let weights = Generator(seed: 11).normal(hidden.shape, dtype: .float64)
        try (hidden * weights).sum().backward()
        var gradients: [String: [Double]] = [:]
        for (name, tensor) in adapter.parameters { gradients[name] = try #require(tensor.gradient, "\(name)").values() }
        return (hidden.values(), gradients)
    }

    @Test(
        arguments: [
            (nil, 2, 7), (nil, 1, 16), (["q_proj", "v_proj"], 3, 5), (["down_proj"], 2, 4),
            (["k_proj", "up_proj", "o_proj"], 1, 2),
        ] as [([String]?, Int, Int)])
    func agreesWithThePlainLayer(targets: [String]?, batch: Int, length: Int) throws {
        let tiny = TinyModel()
        let plain = try gradients(fused: false, tiny, targets: targets, batch: batch, length: length)
        let fused = try gradients(fused: true, tiny, targets: targets, batch: batch, length: length)
        #expect(largestDifference(plain.hidden, fused.hidden) < 1e-12)
        #expect(plain.gradients.keys == fused.gradients.keys)
        for (name, expected) in plain.gradients {
            let scale = expected.map(abs).max()!
            #expect(scale > 0)
            #expect(largestDifference(expected, fused.gradients[name]!) < 1e-11 * max(1, scale), "\(name)")
        }
    }

    @Test func float32AgreesToRounding() throws {
        let tiny = TinyModel(tied: false)
        let model = try tiny.model()
        let adapter = try tiny.adapter(for: model)
        let tokens = TinyModel.tokens(4, 33)
        let fused: [Float] = withoutGradient { model.logits(tokens, adapter: adapter) }.values()
        model.fusesLayers = false
        let plain: [Float] = withoutGradient { model.logits(tokens, adapter: adapter) }.values()
        #expect(largestDifference(plain.map(Double.init), fused.map(Double.init)) < 1e-4)
    }

    private func largestDifference(_ left: [Double], _ right: [Double]) -> Double {
        #expect(left.count == right.count)
        return zip(left, right).map { abs($0 - $1) }.max() ?? 0
    }
}
