/// A line of `metrics.jsonl`: a step, an evaluation or a gradient probe, told apart by `"kind"`.
public enum MetricsLine: Sendable, Equatable {
    case step(StepMetrics)
    case evaluation(EvaluationRecord)
    case probe(GradientProbe)

    /// The optimizer step it belongs to.
    public var step: Int {
        switch self {
        case .step(let metrics): metrics.step
        case .evaluation(let record): record.step
        case .probe(let probe): probe.step
        }
    }
}

extension MetricsLine: Codable {
    private enum CodingKeys: String, CodingKey { case kind }
    private enum Kind: String, Codable { case step, evaluation, probe }

    public init(from decoder: any Decoder) throws {
        let kind = try decoder.container(keyedBy: CodingKeys.self).decode(Kind.self, forKey: .kind)
        switch kind {
        case .step: self = .step(try StepMetrics(from: decoder))
        case .evaluation: self = .evaluation(try EvaluationRecord(from: decoder))
        case .probe: self = .probe(try GradientProbe(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .step(let metrics):
            try values.encode(Kind.step, forKey: .kind)
            try metrics.encode(to: encoder)
        case .evaluation(let record):
            try values.encode(Kind.evaluation, forKey: .kind)
            try record.encode(to: encoder)
        case .probe(let probe):
            try values.encode(Kind.probe, forKey: .kind)
            try probe.encode(to: encoder)
        }
    }
}
