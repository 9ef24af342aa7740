import RunRecords

/// What a loss curve is drawn against. The report offers all of them; a click switches.
enum CurveAxis: String, CaseIterable {
    /// Valid target tokens trained on.
    case tokens
    /// Of those, the ones that carried the loss.
    case selected
    /// Charged: the steps' wall time, after what the reference's training and scoring took.
    case seconds

    var label: String {
        switch self {
        case .tokens: "tokens"
        case .selected: "selected tokens"
        case .seconds: "seconds"
        }
    }

    var title: String {
        switch self {
        case .tokens: "training tokens"
        case .selected: "tokens that carried the loss"
        case .seconds: "seconds, the reference’s included"
        }
    }
}

/// Where a run stood on each axis after each of its steps.
struct CurveClock {
    private let run: StudyRecord.Run
    private var selected: [Int: Int] = [:]
    private var seconds: [Int: Double] = [:]

    init(_ findings: RunFindings) {
        run = findings.run
        var elapsed = 0.0
        for step in findings.history.steps {
            elapsed += step.seconds
            (selected[step.step], seconds[step.step]) = (step.selectedTokensSeen, elapsed)
        }
    }

    /// - Parameter tokens: seen before that step ended, which stands in for the step where the run's metrics are missing.
    func places(step: Int, tokens: Int) -> [CurveAxis: Double] {
        Dictionary(uniqueKeysWithValues: CurveAxis.allCases.map { ($0, place(step: step, tokens: tokens, on: $0)) })
    }

    private func place(step: Int, tokens: Int, on axis: CurveAxis) -> Double {
        let share = run.tokens > 0 ? Double(tokens) / Double(run.tokens) : 0
        switch axis {
        case .tokens: return Double(tokens)
        case .selected: return selected[step].map(Double.init) ?? share * Double(run.selectedTokens)
        case .seconds:
            let reference = run.referenceTrainingSeconds + run.referenceScoringSeconds
            return reference + (seconds[step] ?? share * run.trainingSeconds)
        }
    }
}
