import Foundation
import Training

/// Takes the reference's losses of every block that a run will see, before the clock of its steps starts.
///
/// Runs share a pass: a block is scored once. What it costs each of them is `Run.referenceScoringSeconds`.
struct ReferencePass {
    let run: Run
    var shouldStop: () -> Bool

    /// - Parameter onBatch: told of each batch's tokens and the mean speed since the first.
    /// - Returns: `false` where it was told to stop.
    func callAsFunction(onBatch: (_ tokens: Int, _ tokensPerSecond: Double) -> Void) throws -> Bool {
        guard let reference = run.reference else { return true }
        var sampler = run.trainer.sampler
        let began = ContinuousClock.now
        var scored = 0
        for _ in 0..<run.recipe.steps * run.recipe.training.accumulation {
            guard !shouldStop() else { return false }
            let batch = sampler.next()
            guard !reference.remembers(batch) else { continue }
            _ = try reference.losses(of: batch)
            scored += batch.inputIDs.count
            onBatch(batch.inputIDs.count, Double(scored) / ((ContinuousClock.now - began) / .seconds(1)))
        }
        return true
    }
}
