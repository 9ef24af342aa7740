/// The steps, evaluations and probes of a run, in order, each once.
///
/// A resumed run repeats the evaluation its checkpoint was written before: the later line replaces the earlier.
public struct MetricsHistory: Sendable, Equatable {
    /// By ascending step.
    public private(set) var steps: [StepMetrics] = []
    /// By ascending step; the splits of one step stand in the order they were evaluated in.
    public private(set) var evaluations: [EvaluationRecord] = []
    /// By ascending step.
    public private(set) var probes: [GradientProbe] = []

    public init(_ lines: some Sequence<MetricsLine>) {
        var stepIndex: [Int: Int] = [:]
        var evaluationIndex: [String: Int] = [:]
        var probeIndex: [Int: Int] = [:]
        for line in lines {
            switch line {
            case .step(let metrics):
                if let index = stepIndex[metrics.step] {
                    steps[index] = metrics
                } else {
                    stepIndex[metrics.step] = steps.count
                    steps.append(metrics)
                }
            case .evaluation(let record):
                let key = "\(record.step) \(record.split)"
                if let index = evaluationIndex[key] {
                    evaluations[index] = record
                } else {
                    evaluationIndex[key] = evaluations.count
                    evaluations.append(record)
                }
            case .probe(let probe):
                if let index = probeIndex[probe.step] {
                    probes[index] = probe
                } else {
                    probeIndex[probe.step] = probes.count
                    probes.append(probe)
                }
            }
        }
    }

    public func evaluations(on split: String) -> [EvaluationRecord] { evaluations.filter { $0.split == split } }
}
