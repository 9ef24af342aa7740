import Corpora
import Training

/// A reference that counts how often it is asked.
final class CountingReference: ReferenceLoss {
    private let source: LiveReference
    private(set) var calls = 0

    init(_ source: LiveReference) { self.source = source }

    func measurements(of batch: TokenBatch, entropy: Bool) -> ReferenceMeasurements {
        calls += 1
        return source.measurements(of: batch, entropy: entropy)
    }
}
