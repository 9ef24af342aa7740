import Foundation
import PeerProcess
import Testing
import Torch

/// Frozen weights in 4 to 16 bits: what they stand for, and products with them.
@Suite struct PackedWeightTests {
    typealias Format = PackedWeight.Format

    // MARK: What they stand for

    /// Against `gguf` and the definitions, in rows of three blocks of 32, and of one block of 64 and a part.
    @Test func valuesAreThoseOfGGUFAndOfTheDefinitions() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("packed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (outputs, inputs, odd) = (37, 96, 101)
        try PeerProcess.run(PeerProcess.oracle("packed_weights.py"), [folder.path, "\(outputs)", "\(inputs)", "\(odd)"])
        func bytes(_ name: String, _ kind: String) throws -> Data {
            try Data(contentsOf: folder.appendingPathComponent("\(name).\(kind)"))
        }
        func floats(_ name: String, _ kind: String) throws -> [Float] {
            try bytes(name, kind).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }

        for format in [Format.q8_0, .q4_0, .q4_1, .float16, .bfloat16] {
            let stored = try bytes("\(format)", "packed")
            let weight = PackedWeight(format, shape: [outputs, inputs]) { $0.copyBytes(from: stored) }
            #expect(weight.byteCount == stored.count)
            #expect(try weight.values().values(Float.self) == floats("\(format)", "values"), "\(format)")
        }
        for format in [Format.nf4, .int8PerRow] {
            let weight = PackedWeight(Tensor(try floats("\(format)", "weights"), shape: [outputs, odd]), as: format)
            #expect(weight.shape == [outputs, odd])
            let (found, expected) = (weight.values().values(Float.self), try floats("\(format)", "values"))
            // A neighbour of the right one is much farther away.
            let worst = zip(found, expected).map { abs($0 - $1) / max(1, abs($1)) }.max()!
            #expect(worst <= 1e-6, "\(format): \(worst)")
        }
        // All sixteen, each as the largest and a part of it.
        let quantiles = try floats("nf4", "quantiles")
        #expect(quantiles.count == 16)
        let found: [Float] = PackedWeight(Tensor(quantiles, shape: [1, 16]), as: .nf4).values().values()
        #expect(zip(found, quantiles).allSatisfy { abs($0 - $1) <= 1e-6 })
    }

    @Test func sizesAreThoseOfTheFormats() {
        let bits: [Format: Double] = [
            .float32: 32, .float16: 16, .bfloat16: 16, .q8_0: 8.5, .q4_0: 4.5, .q4_1: 5, .int8PerRow: 8 + 32.0 / 640, .nf4: 4.5,
        ]
        for format in Format.allCases {
            #expect(Double(weight(format, [8, 640]).byteCount) == 640 * bits[format]!, "\(format): 8 rows of 640 inputs")
        }
    }

    /// A row of zeros is zero; what isn't finite shows, in its own block or row alone.
    @Test(arguments: [Format.int8PerRow, .nf4], [Float.nan, .infinity, -.infinity])
    func whatIsNotFiniteShows(_ format: Format, _ value: Float) {
        var values = [Float](repeating: 1, count: 3 * 128)
        for index in 0..<128 { values[index] = 0 }
        values[128 + 70] = value
        let found: [Float] = PackedWeight(Tensor(values, shape: [3, 128]), as: format).values().values()
        #expect(found[..<128].allSatisfy { $0 == 0 } && found[256...].allSatisfy { $0 == 1 })
        #expect(found[128 + 64..<256].allSatisfy { !$0.isFinite })
        #expect(found[128..<128 + 64].allSatisfy { format == .nf4 ? $0 == 1 : !$0.isFinite })
    }

    // MARK: Products

    /// Around and across tiles of rows, inputs and outputs.
    @Test(
        arguments: Format.allCases,
        [(rows: 1, inputs: 32, outputs: 1), (5, 96, 7), (130, 64, 49), (3, 1056, 65), (2, 64, 1030)])
    func productsAreThoseOfTheWidenedWeight(_ format: Format, _ shape: (rows: Int, inputs: Int, outputs: Int)) {
        check([weight(format, [shape.outputs, shape.inputs])], rows: shape.rows)
    }

    /// Inputs that end within a block.
    @Test(arguments: [Format.float32, .bfloat16, .float16, .int8PerRow, .nf4], [1, 31, 33, 100, 577])
    func oddWidths(_ format: Format, inputs: Int) { check([weight(format, [9, inputs])], rows: 4) }

    /// Layers that share an input, each in its own format.
    @Test func aGroupIsItsLayersSideBySide() {
        check(
            [weight(.q4_1, [70, 96]), weight(.q8_0, [3, 96]), weight(.float16, [33, 96]), weight(.nf4, [600, 96])], rows: 20)
        check([weight(.q4_0, [64, 32]), weight(.q4_0, [64, 32])], rows: 1)
    }

    private func check(_ weights: [PackedWeight], rows: Int) {
        let inputs = weights[0].shape[1]
        let group = PackedGroup(weights)
        let whole = Tensor.concatenated(weights.map { $0.values().converted(to: .float64) })
        // Slices of columns: rows lie farther apart than they are wide.
        let input = Generator(seed: 4).normal([rows, inputs + 3], dtype: .float64).slice(1..<1 + inputs, along: 1)
        let gradient = Generator(seed: 5).normal([rows, whole.size(0) + 2], dtype: .float64).slice(0..<whole.size(0), along: 1)
        for (dtype, tolerance) in [(DType.float64, 1e-12), (.float32, 1e-5)] {
            expectClose(group.product(input.converted(to: dtype)), input.matmul(whole.transpose), tolerance, "forward, \(dtype)")
            expectClose(group.backward(gradient.converted(to: dtype)), gradient.matmul(whole), tolerance, "backward, \(dtype)")
        }
    }

    private func expectClose(_ found: Tensor, _ expected: Tensor, _ tolerance: Double, _ what: String) {
        let (a, b): ([Double], [Double]) = (found.values(), expected.values())
        #expect(found.shape == expected.shape)
        let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= tolerance * (b.map(abs).max() ?? 0), "\(what): \(worst)")
    }

    /// Any bits, under scales between 2⁻⁸ and 2⁻⁷.
    private func weight(_ format: Format, _ shape: [Int]) -> PackedWeight {
        let values = Generator(seed: 6).normal(shape)
        func stored(_ dtype: DType) -> PackedWeight {
            PackedWeight(format, shape: shape) { memory in values.converted(to: dtype).withBytes { memory.copyMemory(from: $0) } }
        }
        func blocks(of size: Int, scales: Int) -> PackedWeight {
            PackedWeight(format, shape: shape) { memory in
                let bits: [Double] = Generator(seed: 7).uniform([memory.count], dtype: .float64).values()
                for index in memory.indices { memory[index] = UInt8(bits[index] * 256) }
                for block in stride(from: 0, to: memory.count, by: size) {
                    for scale in 0..<scales { memory[block + 2 * scale + 1] = 0x1c | memory[block + 2 * scale + 1] & 0x83 }
                }
            }
        }
        return switch format {
        case .float32, .int8PerRow, .nf4: PackedWeight(values, as: format)
        case .bfloat16: stored(.bfloat16)
        case .float16: stored(.float16)
        case .q8_0: blocks(of: 34, scales: 1)
        case .q4_0: blocks(of: 18, scales: 1)
        case .q4_1: blocks(of: 20, scales: 2)
        }
    }
}
