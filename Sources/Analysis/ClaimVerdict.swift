import Foundation
import RunRecords

/// What a study says of a claim.
///
/// The claim's region was written down before the runs, and only the interval is compared with it: wholly inside, the claim
/// holds; wholly outside, it doesn't; else this budget leaves it undecided, however suggestive the estimate. An
/// interval that doesn't cover the randomness of training (one seed) decides nothing.
public struct ClaimVerdict: Sendable, Equatable {
    public enum Outcome: Sendable, Hashable {
        case holds
        case doesNotHold
        case undecided
        /// Why the measure could not be taken.
        case notTested(String)
    }

    public var claim: Claim
    public var outcome: Outcome
    /// In the claim's unit; `nil` where it was not tested, and the bounds `nil` where there is no interval.
    public var estimate: Double?
    public var lowerBound: Double?
    public var upperBound: Double?
    /// What would decide an undecided claim, where the variances are known.
    public var budgetHint: BudgetHint?

    /// - Parameter measurement: in the unit of the claim; of `perplexityRatio`, the difference of losses in nats.
    public init(_ claim: Claim, measured measurement: ClaimMeasurement) {
        let isRatio = claim.measure == .perplexityRatio
        // Of a ratio, the region is carried over to the losses and the numbers back.
        func toMeasured(_ bound: Double) -> Double { isRatio ? log(bound) : bound }
        func toClaim(_ value: Double) -> Double? { value.isFinite ? (isRatio ? exp(value) : value) : nil }
        self.claim = claim
        (estimate, lowerBound) = (toClaim(measurement.estimate), toClaim(measurement.lowerBound))
        upperBound = toClaim(measurement.upperBound)
        let lower = claim.lower.map(toMeasured) ?? -.infinity
        let upper = claim.upper.map(toMeasured) ?? .infinity
        guard lower > -.infinity || upper < .infinity, lower < upper else {
            outcome = .notTested("the claim has no region: give `lower`, `upper` or both, in order")
            return
        }
        let covers = measurement.coversTraining
        if covers, measurement.lowerBound > lower, measurement.upperBound < upper {
            outcome = .holds
        } else if covers, measurement.upperBound <= lower || measurement.lowerBound >= upper {
            outcome = .doesNotHold
        } else {
            outcome = .undecided
            let gap = min(abs(measurement.estimate - lower), abs(measurement.estimate - upper))
            budgetHint = measurement.components?.budget(toClear: gap)
        }
    }

    /// A claim whose measure could not be taken.
    public init(_ claim: Claim, notTested reason: String) {
        self.claim = claim
        outcome = .notTested(reason)
    }

    /// Judges every claim by what `measure` finds; what it throws becomes the reason that a claim was not tested.
    public static func judge(_ claims: [Claim], by measure: (Claim) throws -> ClaimMeasurement) -> [ClaimVerdict] {
        claims.map { claim in
            do {
                return ClaimVerdict(claim, measured: try measure(claim))
            } catch {
                return ClaimVerdict(claim, notTested: "\(error)")
            }
        }
    }
}
