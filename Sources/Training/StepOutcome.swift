import RunRecords

/// What came of a window: sums, and whether they can be stepped along.
struct StepOutcome {
    let window: StepWindow
    /// Of which nothing counts as selected where the step is skipped.
    let result: SelectedLossStep.Result
    /// Of the divided gradient before clipping; NaN where there is none.
    let norm: Double
    let skipped: SkippedStep?

    private init(_ window: StepWindow, _ result: SelectedLossStep.Result, _ norm: Double, _ skipped: SkippedStep?) {
        (self.window, self.norm, self.skipped) = (window, norm, skipped)
        self.result = skipped == nil ? result : .skipped(window.batches, lossSum: result.lossSum)
    }

    init(lossNotFiniteIn window: StepWindow) {
        self.init(window, .skipped(window.batches, lossSum: .nan), .nan, SkippedStep(.loss))
    }

    /// - Parameter norms: of the weights' summed gradients, in the model's order.
    init(_ window: StepWindow, _ result: SelectedLossStep.Result, norms: [(name: String, norm: Double)]) {
        guard result.selectedCount > 0 else {
            self.init(window, result, .nan, SkippedStep(.nothingSelected))
            return
        }
        let norm = GradientNormalization.norm(of: norms.map(\.norm), dividingBy: result.gradientDivisor)
        let skipped: SkippedStep? =
            if !norm.isFinite {
                // The backward pass comes to the last weight first.
                SkippedStep(.gradient, module: norms.last { !$0.norm.isFinite }?.name)
            } else {
                norm > 0 ? nil : SkippedStep(.zeroGradient)
            }
        self.init(window, result, norm, skipped)
    }
}
