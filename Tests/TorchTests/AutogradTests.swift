import Testing
import Torch

@Suite struct AutogradTests {
    @Test func backwardAccumulates() throws {
        let weight = Tensor([1, 2, 3] as [Float])
        weight.requiresGradient = true
        for _ in 0..<2 { try (weight * weight).sum().backward() }
        #expect(weight.gradient?.values(Float.self) == [4, 8, 12])
        weight.gradient = nil
        #expect(weight.gradient == nil)
    }

    @Test func nothingIsRecordedWithoutGradient() {
        let weight = Tensor([1] as [Float])
        weight.requiresGradient = true
        #expect(!withoutGradient { weight * weight }.requiresGradient)
        #expect((weight * weight).requiresGradient)
    }

    @Test func backwardSaysWhatIsWrong() {
        let weight = Tensor([1, 2] as [Float])
        weight.requiresGradient = true
        #expect(throws: TorchError.self) { try (weight * weight).backward() }
        #expect(throws: TorchError.self) { try Tensor([1] as [Float]).backward() }
    }

    /// y = x³ with a hand-written derivative.
    private func cube(_ input: Tensor, released: @escaping () -> Void = {}) -> Tensor {
        let token = Token(released)
        return differentiable([input]) {
            (
                [input * input * input],
                { gradients in
                    _ = token; return [gradients[0].map { $0 * (input * input) * 3.0 }]
                }
            )
        }[0]
    }

    private final class Token {
        let released: () -> Void
        init(_ released: @escaping () -> Void) { self.released = released }
        deinit { released() }
    }

    @Test func aDifferentiablePieceMatchesFiniteDifferences() throws {
        let values = [0.5, -1.25, 2]
        let input = Tensor(values)
        input.requiresGradient = true
        try (cube(input * 2.0) * Tensor([1.0, 2, 3])).sum().backward()
        let analytic = try #require(input.gradient).values(Double.self)
        func objective(_ values: [Double]) -> Double {
            (cube(Tensor(values) * 2.0) * Tensor([1.0, 2, 3])).sum().item()
        }
        for index in values.indices {
            var (up, down) = (values, values)
            up[index] += 1e-5
            down[index] -= 1e-5
            let numeric = (objective(up) - objective(down)) / 2e-5
            #expect(abs(numeric - analytic[index]) < 1e-6 * max(1, abs(numeric)))
        }
    }

    @Test func whatAPieceSavedIsLetGoAfterBackward() throws {
        nonisolated(unsafe) var isReleased = false
        let input = Tensor([2.0])
        input.requiresGradient = true
        let output = cube(input) { isReleased = true }
        #expect(!isReleased)
        try output.backward()
        #expect(isReleased)
        #expect(throws: TorchError.self) { try output.backward() }
    }

    @Test func anErrorInAPiecesBackwardComesThrough() {
        struct Broken: Error {}
        let input = Tensor([2.0])
        input.requiresGradient = true
        let output = differentiable([input]) { ([input * 1.0], { _ in throw Broken() }) }[0]
        let error = #expect(throws: TorchError.self) { try output.backward() }
        #expect(error?.message.contains("Broken") == true)
    }
}
