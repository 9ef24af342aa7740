import Checkpoints
import Foundation
import ModelFixtures
import Models
import Testing
import Torch

/// Weights go from the file to where they stay, one tensor at a time.
@Suite struct LoadingTests {
    /// The same values whether they are read in place, or through float32 into another type.
    @Test(arguments: TinyFamily.allCases, [DType.float32, .float64, .bfloat16])
    func everyWeightIsTheFiles(_ family: TinyFamily, _ dtype: DType) throws {
        let weights = RandomWeights(family.configuration)
        let model = try LlamaModel(configuration: family.configuration, weights: weights, dtype: dtype)
        #expect(Set(model.parameters.names) == Set(weights.tensors.map(\.name)))
        for (name, tensor) in model.parameters {
            let expected = try Tensor(weights.floats(name), shape: tensor.shape).converted(to: dtype)
            #expect(tensor.dtype == dtype && tensor.values(Float.self) == expected.values(), "\(name)")
        }
    }

    #if compiler(>=6.2)
        /// Loading takes the memory of the model and its largest tensor in float32, and in float32 on the CPU only that of the model.
        ///
        /// Memory belongs to the process, which other tests share, so this one gets a process of its own.
        @Test func aLoadTakesTheModelAndOneTensor() async {
            await #expect(processExitsWith: .success) {
                Runtime.keepFreedMemory()
                let configuration = ModelConfiguration(
                    vocabularySize: 2000, hiddenSize: 512, intermediateSize: 2048, layerCount: 8, headCount: 8,
                    tiesEmbeddings: true)
                let weights = ZeroWeights(configuration)
                let bytes = weights.tensors.reduce(0) { $0 + 4 * $1.count }  // 138 MB
                let largest = 4 * weights.tensors.map(\.count).max()!  // 4 MB
                _ = Tensor.zeros([1])
                let before = try peakBytes()
                let model = try LlamaModel(configuration: configuration, weights: weights)
                let inFloat32 = try peakBytes() - before
                guard inFloat32 < bytes + largest + 4 << 20 else { fatalError("\(bytes) bytes of weights took \(inFloat32)") }
                let again = try LlamaModel(configuration: configuration, weights: weights, dtype: .bfloat16)
                let inBoth = try peakBytes() - before
                guard inBoth < bytes + bytes / 2 + 2 * largest + 8 << 20 else {
                    fatalError("\(bytes / 2) bytes more took \(inBoth - inFloat32)")
                }
                withExtendedLifetime((model, again)) {}
            }
        }
    #endif
}

/// A Llama's weights that take no memory themselves.
private struct ZeroWeights: TensorSource {
    let tensors: [TensorDescription]

    init(_ configuration: ModelConfiguration) {
        let (width, inner) = (configuration.hiddenSize, configuration.intermediateSize)
        let layer: [(String, [Int])] =
            ["q_proj", "k_proj", "v_proj", "o_proj"].map { ("self_attn.\($0)", [width, width]) }
            + [("mlp.gate_proj", [inner, width]), ("mlp.up_proj", [inner, width]), ("mlp.down_proj", [width, inner])]
            + ["input_layernorm", "post_attention_layernorm"].map { ($0, [width]) }
        let outer = [("model.embed_tokens", [configuration.vocabularySize, width]), ("model.norm", [width])]
        let layers = (0..<configuration.layerCount).flatMap { index in layer.map { ("model.layers.\(index).\($0)", $1) } }
        tensors = (outer + layers).map { TensorDescription(name: $0 + ".weight", elementType: .float32, shape: $1) }
    }

    func description(of name: String) -> TensorDescription? { tensors.first { $0.name == name } }

    func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
        destination.update(repeating: 0)
    }
}

/// The most resident memory that the process ever had.
private func peakBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }!
    return Int(line.split(separator: " ")[1])! * 1024
}
