import RunRecords

/// Writes TensorBoard's events. The abscissa is the optimizer step.
public final class TensorBoardSink: MetricSink {
    private let file: EventFile
    public init(_ file: EventFile) { self.file = file }

    public func record(_ line: MetricsLine) throws { try file.append(Self.scalars(of: line), step: line.step) }

    private static func scalars(of line: MetricsLine) -> [(tag: String, value: Double)] {
        switch line {
        case .step(let metrics):
            let scalars = [
                ("train/loss", metrics.loss), ("train/selected_loss", metrics.selectedLoss),
                ("train/gradient_norm", metrics.gradientNorm), ("train/learning_rate", metrics.learningRate),
                ("train/tokens_per_second", metrics.tokensPerSecond),
            ]
            return scalars + (metrics.unselectedLoss.map { [("train/unselected_loss", $0)] } ?? [])
        case .evaluation(let record):
            return [("evaluation/\(record.split)/loss", record.loss)]
        case .probe(let probe):
            return probe.cosine.map { [("probe/gradient_cosine", $0)] } ?? []
        }
    }
}
