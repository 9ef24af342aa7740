import Checkpoints
import ModelFixtures
import Models
import Testing
import Torch

/// The fused layer against the plain one, in float64, where they agree to rounding.
@Suite struct FusedBlockTests {
    private func gradients(
        fused: Bool, _ configuration: ModelConfiguration, targets: [String], batch: Int, length: Int, dtype: DType = .float64,
        dropout: Dropout? = nil
    ) throws -> (hidden: [Double], gradients: [String: [Double]]) {
        let model = try LlamaModel.tiny(configuration, dtype: dtype)
        model.fusesLayers = fused
        let adapter = try LoRAAdapter.random(for: model, targets: targets, dtype: dtype)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        let hidden = model.hiddenStates(tokens(batch, length), adapter: adapter, dropout: dropout)
        let weights = Generator(seed: 11).normal(hidden.shape, dtype: .float64).converted(to: dtype)
        try (hidden * weights).sum().backward()
        var gradients: [String: [Double]] = [:]
        for (name, tensor) in adapter.parameters { gradients[name] = try #require(tensor.gradient, "\(name)").values() }
        return (hidden.values(), gradients)
    }

    /// What runs in practice, against the plain layer in float64.
    @Test(arguments: [(2, 7), (1, 64), (3, 21)])
    func float32GradientsAgree(_ shape: (batch: Int, length: Int)) throws {
        let (configuration, targets) = (ModelConfiguration.tiny(), LoRAAdapter.Options().targetModules)
        func run(_ fused: Bool, _ dtype: DType) throws -> [String: [Double]] {
            try gradients(
                fused: fused, configuration, targets: targets, batch: shape.batch, length: shape.length, dtype: dtype
            ).gradients
        }
        let (fused, expected) = (try run(true, .float32), try run(false, .float64))
        for (name, gradient) in expected {
            let difference = zip(fused[name]!, gradient).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
            let norm = gradient.map { $0 * $0 }.reduce(0, +).squareRoot()
            #expect(difference <= 1e-5 * norm, "\(name): \(difference / norm)")
        }
    }

    @Test(
        arguments: [
            (LoRAAdapter.Options().targetModules, 2, 7), (LoRAAdapter.Options().targetModules, 1, 16),
            (["q_proj", "v_proj"], 3, 5), (["down_proj"], 2, 4), (["k_proj", "up_proj", "o_proj"], 1, 2),
        ], [(false, nil), (true, nil), (false, Dropout(probability: 0.3, key: 8))])
    func agreesWithThePlainLayer(
        _ shape: (targets: [String], batch: Int, length: Int), _ layer: (attentionBias: Bool, dropout: Dropout?)
    ) throws {
        let (targets, batch, length) = shape
        func run(fused: Bool) throws -> (hidden: [Double], gradients: [String: [Double]]) {
            try gradients(
                fused: fused, .tiny(attentionBias: layer.attentionBias), targets: targets, batch: batch, length: length,
                dropout: layer.dropout)
        }
        let (plain, fused) = (try run(fused: false), try run(fused: true))
        #expect(largestDifference(plain.hidden, fused.hidden) < 1e-12)
        #expect(plain.gradients.keys == fused.gradients.keys)
        for (name, expected) in plain.gradients {
            let scale = expected.map(abs).max()!
            #expect(scale > 0)
            #expect(largestDifference(expected, fused.gradients[name]!) < 1e-11 * max(1, scale), "\(name)")
        }
    }

    /// Every piece that a family has, at lengths within the window and beyond it, and across attention's blocks of queries.
    @Test(arguments: TinyFamily.allCases, [(2, 3), (2, 7), (1, 64)])
    func everyFamilyAgreesWithThePlainLayer(_ family: TinyFamily, _ shape: (batch: Int, length: Int)) throws {
        func run(fused: Bool) throws -> (hidden: [Double], gradients: [String: [Double]]) {
            try gradients(
                fused: fused, family.configuration, targets: LoRAAdapter.Options().targetModules, batch: shape.batch,
                length: shape.length)
        }
        let (plain, fused) = (try run(fused: false), try run(fused: true))
        #expect(largestDifference(plain.hidden, fused.hidden) < 1e-12)
        for (name, expected) in plain.gradients {
            let scale = expected.map(abs).max()!
            #expect(scale > 0)
            #expect(largestDifference(expected, fused.gradients[name]!) < 1e-11 * max(1, scale), "\(name)")
        }
    }

    /// The last layer goes back along the rows that it is told of, and along those alone.
    @Test(arguments: TinyFamily.allCases, [nil, Dropout(probability: 0.3, key: 8)])
    func rowsWithoutAGradientCostNothing(_ family: TinyFamily, _ dropout: Dropout?) throws {
        func run(gradientOf rows: [Int], told places: [Int]?) throws -> [String: [Double]] {
            let model = try LlamaModel.tiny(family.configuration, dtype: .float64)
            let adapter = try LoRAAdapter.random(for: model, targets: LoRAAdapter.Options().targetModules, dtype: .float64)
            for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
            let carrying = GradientRows()
            let hidden = model.hiddenStates(tokens(2, 11), adapter: adapter, dropout: dropout, gradientRows: carrying)
            let weights = Generator(seed: 11).normal([22, hidden.size(2)], dtype: .float64)
            carrying.places = places.map { Tensor($0, on: .cpu) }
            let selected = Tensor(rows, on: .cpu)
            try hidden.reshaped([22, -1]).rows(selected).backward(gradient: weights.rows(selected))
            return adapter.parameters.reduce(into: [:]) { $0[$1.name] = $1.tensor.gradient!.values() }
        }
        let rows = [1, 2, 8, 12, 20]
        let (all, told) = (try run(gradientOf: rows, told: nil), try run(gradientOf: rows, told: rows))
        for (name, expected) in all {
            #expect(largestDifference(expected, told[name]!) < 1e-12 * max(1, expected.map(abs).max()!), "\(name)")
        }
        let fewer = try run(gradientOf: rows, told: Array(rows.dropLast()))
        let without = try run(gradientOf: Array(rows.dropLast()), told: nil)
        let behindAttention = fewer.keys.filter { $0.contains("layers.1.mlp") || $0.contains("layers.1.self_attn.o_proj") }
        #expect(behindAttention.count == 8)
        for name in behindAttention {
            #expect(largestDifference(without[name]!, fewer[name]!) < 1e-12, "\(name)")
            #expect(largestDifference(all[name]!, fewer[name]!) > 1e-3, "\(name)")
        }
    }

    @Test func float32AgreesToRounding() throws {
        let model = try LlamaModel.tiny(.tiny(tied: false))
        let adapter = try LoRAAdapter.random(for: model)
        let tokens = tokens(4, 33)
        let fused: [Float] = withoutGradient { model.logits(tokens, adapter: adapter) }.values()
        model.fusesLayers = false
        let plain: [Float] = withoutGradient { model.logits(tokens, adapter: adapter) }.values()
        #expect(largestDifference(plain.map(Double.init), fused.map(Double.init)) < 1e-4)
    }

    private func tokens(_ batch: Int, _ length: Int) -> Tensor {
        let noise: [Double] = Generator(seed: 9).uniform([batch * length], dtype: .float64).values()
        return Tensor(noise.map { Int($0 * 61) }, shape: [batch, length])
    }

    private func largestDifference(_ left: [Double], _ right: [Double]) -> Double {
        #expect(left.count == right.count)
        return zip(left, right).map { abs($0 - $1) }.max() ?? 0
    }
}
