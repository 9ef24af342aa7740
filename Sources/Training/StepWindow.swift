import Corpora

/// The micro-batches of a step.
struct StepWindow {
    let batches: [TokenBatch]
    /// Where the sampler stood before them, and as it stands after.
    let before: [BatchSamplerState]
    let after: any BlockSampler

    init(of count: Int, from sampler: any BlockSampler) {
        var after = sampler
        batches = (0..<count).map { _ in after.next() }
        (before, self.after) = (sampler.states, after)
    }
}
