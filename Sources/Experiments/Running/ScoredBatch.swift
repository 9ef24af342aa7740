import Corpora
import Foundation
import Torch
import Training

/// What one rank has found of a batch, as bytes for another: seconds, then every valid token's loss, then the entropies.
struct ScoredBatch {
    let seconds: Double
    /// Losses, and entropies where they are kept.
    private let values: [Float]

    init(_ batch: TokenBatch, by reference: LiveReference, hasEntropies: Bool) {
        let start = ContinuousClock.now
        let found = reference.measurements(of: batch, entropy: hasEntropies)
        values = found.loss.values() + (found.entropy?.values() ?? [])
        seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    init(bytes: [UInt8]) {
        seconds = bytes.withUnsafeBytes { $0.loadUnaligned(as: Double.self) }
        values = bytes.withUnsafeBytes { bytes in
            stride(from: 8, to: bytes.count, by: 4).map { bytes.loadUnaligned(fromByteOffset: $0, as: Float.self) }
        }
    }

    var bytes: [UInt8] { withUnsafeBytes(of: seconds, Array.init) + values.withUnsafeBytes(Array.init) }

    func measurements(hasEntropies: Bool) -> ReferenceMeasurements {
        guard hasEntropies else { return ReferenceMeasurements(loss: Tensor(values)) }
        let count = values.count / 2
        return ReferenceMeasurements(loss: Tensor(Array(values[..<count])), entropy: Tensor(Array(values[count...])))
    }
}
