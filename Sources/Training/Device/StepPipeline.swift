import Corpora
import Models
import Torch

/// Steps that a device takes by itself, one behind another: it selects, sums gradients, decides whether there is a direction and steps, and
/// has the next window's work before the host reads what is to be recorded of this one. That is all the host waits for. It costs memory: the
/// next window's sums are there through an evaluation between two steps.
final class StepPipeline {
    private let deviceStep: DeviceStep
    private let optimizer: DeviceOptimizer
    private let trained: NamedTensors
    /// Micro-batches of a window.
    private let windowLength: Int
    private var ahead: Ahead?

    /// A window's work that was launched before its turn, and the sums that it leaves, of which the tensors know nothing until then: who asks
    /// for other gradients between two steps doesn't meet them.
    private struct Ahead {
        let window: StepWindow
        let launched: LaunchedWindow
        let gradients: [Tensor?]
        /// Of the weights that it was launched for.
        let versions: [Int64]
    }

    init(_ deviceStep: DeviceStep, _ optimizer: DeviceOptimizer, _ trained: NamedTensors, windowLength: Int) {
        (self.deviceStep, self.optimizer, self.trained, self.windowLength) = (deviceStep, optimizer, trained, windowLength)
    }

    /// - Parameter window: what a sampler gives for a step.
    /// - Throws: as `SelectedLossStep`: no step was taken then.
    func step(
        _ number: Int, _ window: (any BlockSampler) -> StepWindow, from sampler: any BlockSampler, learningRate: Double,
        isLast: Bool
    ) throws -> StepOutcome {
        let ready = takeAhead(number, sampler)
        let current = ready?.window ?? window(sampler)
        defer { for (_, tensor) in trained { tensor.gradient = nil } }
        do {
            let launched = try ready?.launched ?? launch(current, number)
            let live = trained.filter { $0.tensor.gradient != nil }.map(\.name)
            let norms = try optimizer.step(faults: launched.faults, dividingBy: launched.divisor, learningRate: learningRate)
            let report = launched.report(with: norms)
            if !isLast { launchAhead({ window(current.after) }, number + 1) }
            let (result, read) = try launched.read(report)
            return StepOutcome(current, result, norms: Array(zip(live, read)))
        } catch TrainingError.nonFiniteLoss {
            return StepOutcome(lossNotFiniteIn: current)
        }
    }

    /// What was launched for this turn, its sums at the weights; nil where the sampler has been moved or a weight changed since.
    private func takeAhead(
        _ number: Int, _ sampler: any BlockSampler
    ) -> (window: StepWindow, launched: LaunchedWindow)? {
        defer { ahead = nil }
        guard let ahead, ahead.launched.number == number, ahead.window.before == sampler.states,
            ahead.versions == trained.map(\.tensor.version)
        else { return nil }
        for ((_, tensor), gradient) in zip(trained, ahead.gradients) { tensor.gradient = gradient }
        // The tensors alone own their gradients from here on, which make room for the next window's.
        return (ahead.window, ahead.launched)
    }

    /// What can't be launched now says why at its turn.
    private func launchAhead(_ window: () -> StepWindow, _ number: Int) {
        guard deviceStep.launchesAtOnce(windowLength) else { return }
        let window = window()
        guard let launched = try? launch(window, number) else { return }
        ahead = Ahead(
            window: window, launched: launched, gradients: trained.map(\.tensor.gradient),
            versions: trained.map(\.tensor.version))
    }

    private func launch(_ window: StepWindow, _ number: Int) throws -> LaunchedWindow {
        optimizer.clearGradients()
        return try deviceStep.launch(window.batches, step: number)
    }
}
