import Corpora
import Foundation
import Training

/// Takes the reference's losses of every block that a run will see, before the clock of its steps starts, and keeps account of
/// what that costs.
///
/// Runs share a pass: a block is scored once. Each run is charged for all of its blocks all the same, at the measured speed.
final class ReferenceScoring {
    private struct Account {
        var tokens = 0
        var seconds = 0.0
    }

    /// By the reference at work; runs of one share the object.
    private var accounts: [ObjectIdentifier: Account] = [:]

    enum Outcome {
        /// The wall time charged; nil where this process has scored nothing and so measured no speed.
        case finished(seconds: Double?)
        case stopped
    }

    /// - Parameter onBatch: told of each batch's tokens and the mean speed since the first.
    func callAsFunction(
        _ run: Run, shouldStop: () -> Bool, onBatch: (_ tokens: Int, _ tokensPerSecond: Double) -> Void
    ) throws -> Outcome {
        guard let reference = run.reference else { return .finished(seconds: nil) }
        var account = accounts[ObjectIdentifier(reference)] ?? Account()
        defer { accounts[ObjectIdentifier(reference)] = account }
        let entropy = run.recipe.selection.usesReferenceEntropy
        var sampler = run.trainer.sampler
        var blocks: Set<Int> = []
        for _ in 0..<run.recipe.steps * run.recipe.training.accumulation {
            guard !shouldStop() else { return .stopped }
            let batch = sampler.next()
            blocks.formUnion(batch.blockIndices)
            guard !reference.remembers(batch, entropy: entropy) else { continue }
            let began = ContinuousClock.now
            _ = try reference.measurements(of: batch, entropy: entropy)
            account.seconds += (ContinuousClock.now - began) / .seconds(1)
            account.tokens += batch.inputIDs.count
            onBatch(batch.inputIDs.count, Double(account.tokens) / account.seconds)
        }
        guard account.tokens > 0 else { return .finished(seconds: nil) }
        let tokens = Double(blocks.count * run.recipe.data.blockLength)
        return .finished(seconds: tokens * account.seconds / Double(account.tokens))
    }
}
