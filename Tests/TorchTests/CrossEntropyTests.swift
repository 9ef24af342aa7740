import Testing
import Torch

/// The row kernel against libtorch's operators.
@Suite struct CrossEntropyTests {
    @Test(arguments: [(1, 5), (7, 37), (3, 1000), (2, 49152)])
    func kernelAgrees(rows: Int, classes: Int) {
        let logits = Generator(seed: 5).normal([rows, classes]) * 6.0
        let targets = Tensor((0..<rows).map { ($0 * 31 + 2) % classes })
        let kernel = RowKernels.crossEntropy(logits, targets: targets, entropy: true)
        let plain = RowOperators.crossEntropy(logits.converted(to: .float64), targets: targets, entropy: true)
        expectClose(kernel.loss, plain.loss, 2e-6)
        expectClose(kernel.normalizer, plain.normalizer, 2e-6)
        expectClose(kernel.entropy!, plain.entropy!, 2e-6)

        let (left, right) = (logits.cloned(), logits.converted(to: .float64))
        RowKernels.crossEntropyBackward(left, targets: targets, normalizer: kernel.normalizer)
        RowOperators.crossEntropyBackward(right, targets: targets, normalizer: plain.normalizer)
        expectClose(left, right, 2e-6)
    }

    @Test func extremeLogitsStayFinite() {
        let logits = Tensor([1000, -1000, 0, -1e30, 88, -88] as [Float], shape: [2, 3])
        let measured = RowKernels.crossEntropy(logits, targets: Tensor([1, 1]), entropy: true)
        #expect(measured.loss.values(Float.self) == [2000, 0])
        #expect(measured.entropy!.values(Float.self).allSatisfy { abs($0) < 1e-6 })
    }

    private func expectClose(_ left: Tensor, _ right: Tensor, _ tolerance: Double) {
        let (a, b): ([Double], [Double]) = (left.values(), right.values())
        let worst = zip(a, b).map { abs($0 - $1) / max(1, abs($1)) }.max()!
        #expect(worst < tolerance)
    }
}
