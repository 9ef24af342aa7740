import Testing
import Torch

@Suite struct GeneratorTests {
    @Test func oneSeedGivesOneStream() {
        let first: [Double] = Generator(seed: 7).uniform([50], dtype: .float64).values()
        #expect(Generator(seed: 7).uniform([50], dtype: .float64).values() == first)
        #expect(Generator(seed: 8).uniform([50], dtype: .float64).values() != first)
        #expect(first.allSatisfy { (0..<1).contains($0) })
    }

    @Test func aRestoredGeneratorGoesOn() throws {
        let generator = Generator(seed: 3)
        _ = generator.normal([11])
        let state = generator.state
        let expected: [Float] = generator.normal([20]).values()
        let other = Generator(seed: 99)
        try other.restore(state)
        #expect(other.normal([20]).values() == expected)
        #expect(throws: TorchError.self) { try other.restore([1, 2, 3]) }
    }
}
