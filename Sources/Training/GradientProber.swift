import Corpora
import Models
import RunRecords
import TokenSelection
import Torch

/// Asks on fixed blocks how far the gradient of what a run selects points where the gradient of all tokens does.
///
/// The blocks are the first of the training tokens, of a mixture those of its first corpus, whatever the order they are trained
/// in, so that runs compare. Nothing of the run is touched: no weight, no random stream, no remembered reference loss.
struct GradientProber {
    private let trained: NamedTensors
    private let window: [TokenBatch]
    private let ofAll: SelectedLossStep
    /// `nil` where the run selects everything.
    private let ofSelected: SelectedLossStep?

    /// - Parameter blockCount: how many blocks are asked; all, where there are fewer.
    init(
        model: any CausalLM, adapter: LoRAAdapter?, trained: NamedTensors, selector: TokenSelector,
        reference: (any ReferenceLoss)?, sampler: any BlockSampler, blockCount: Int, seed: RunSeed
    ) {
        let count = min(blockCount, sampler.series.count)
        window = stride(from: 0, to: count, by: sampler.batchSize).map { start in
            sampler.series.batch(Array(start..<min(start + sampler.batchSize, count)))
        }
        self.trained = trained
        // Scores without dropout, and a memory of its own: blocks scored in other company could differ in the last bit.
        let adapter = adapter?.replacing(dropout: 0)
        let reference = (reference as? RememberedReference).map { $0.withoutMemory() } ?? reference
        func step(_ selector: TokenSelector) -> SelectedLossStep {
            SelectedLossStep(
                model: model, adapter: adapter, selector: selector, reference: reference, scoresWithDropout: false,
                seed: seed.forProbing)
        }
        ofAll = step(.everything)
        ofSelected = selector.policy is AllTokensPolicy ? nil : step(selector)
    }

    func measure(at progress: TrainingProgress) throws -> GradientProbe {
        let all = try gradient(ofAll, step: progress.step)
        let selected = try ofSelected.map { try gradient($0, step: progress.step) }
        let (allNorm, selectedNorm) = (all.norm, selected?.norm ?? all.norm)
        let length = allNorm * selectedNorm
        return GradientProbe(
            step: progress.step, tokensSeen: progress.tokensSeen, blocks: window.reduce(0) { $0 + $1.batchSize },
            cosine: length > 0 ? selected.map { $0.dot(all) / length } ?? 1 : nil, selectedNorm: selectedNorm, allNorm: allNorm)
    }

    private func gradient(_ step: SelectedLossStep, step number: Int) throws -> MeanGradient {
        defer { for (_, tensor) in trained { tensor.gradient = nil } }
        let result = try step(window, step: number)
        return MeanGradient(sums: trained.map(\.tensor.gradient), divisor: Double(result.gradientDivisor))
    }
}

/// A gradient over all trained tensors, as one long vector.
private struct MeanGradient {
    /// `nil` for a tensor that nothing reached.
    let sums: [Tensor?]
    let divisor: Double

    var norm: Double { dot(self).squareRoot() }

    func dot(_ other: MeanGradient) -> Double {
        withoutGradient {
            zip(sums, other.sums).reduce(0) { total, pair in
                guard let left = pair.0, let right = pair.1 else { return total }
                let products = left.converted(to: .float64) * right.converted(to: .float64)
                return total + products.sum().item(Double.self)
            } / (divisor * other.divisor)
        }
    }
}
