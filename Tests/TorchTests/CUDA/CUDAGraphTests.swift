import Testing
import Torch

@Suite struct CUDAGraphTests {
    /// As every build of the tests is: nothing is recorded, and nothing of it done.
    @Test(.enabled(if: !CUDAGraph.isBuilt)) func aBuildWithoutThemSaysSo() {
        var isDone = false
        let error = #expect(throws: TorchError.self) {
            _ = try CUDAGraph(on: .cpu, sharing: nil) { isDone = true }
        }
        #expect(!isDone && "\(error!)".contains("this build has no CUDA graphs"))
    }
}
