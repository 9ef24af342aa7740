import Analysis
import RunRecords

extension StudyFindings {
    /// Why a claim's measure could not be taken.
    private struct Untested: Error, CustomStringConvertible { var description: String }

    /// What decides a claim.
    func measure(_ claim: Claim) throws -> ClaimMeasurement {
        if claim.measure == .aurocDifference { return try auroc(claim) }
        let (arm, control) = (try trained(claim.arm), try trained(claim.control))
        switch claim.measure {
        case .lossDifference, .perplexityRatio:
            return ClaimMeasurement(try difference(arm, minus: control, on: claim.split))
        case .selectedLossDifference, .unselectedLossDifference:
            return ClaimMeasurement(
                try partDifference(arm, minus: control, on: claim.split, selected: claim.measure == .selectedLossDifference))
        case .highToLowDifference, .lowToHighDifference:
            return ClaimMeasurement(
                try bucketDifference(arm, minus: control, on: claim.split, falls: claim.measure == .highToLowDifference))
        case .effectiveCosineDifference:
            guard let summary = try cosineNulls?.effectiveDifference(arm.arm.name, minus: control.arm.name) else {
                throw Untested(description: "the two arms share no seed with the baseline")
            }
            return ClaimMeasurement(summary)
        case .aurocDifference: return try auroc(claim)
        }
    }

    private func trained(_ name: String) throws -> ArmFindings {
        guard let arm = arms.first(where: { $0.arm.name == name }) else {
            throw Untested(description: "this study has no arm \(name)")
        }
        guard arm.hasRun else { throw Untested(description: "\(arm.arm.label) has not been run") }
        return arm
    }

    /// Mean loss of one arm less that of another, over the tokens of a split or a part of them.
    func difference(
        _ arm: ArmFindings, minus control: ArmFindings, on split: String, over tokens: [Bool]? = nil
    ) throws -> PairedDifference {
        let (own, other) = (arm.seeded(on: split), control.seeded(on: split))
        guard !own.isEmpty, !other.isEmpty else {
            throw Untested(description: "\(own.isEmpty ? arm.arm.label : control.arm.label) has no token losses on \(split)")
        }
        return try PairedDifference(baseline: other, variant: own, over: tokens)
    }

    private func partDifference(
        _ arm: ArmFindings, minus control: ArmFindings, on split: String, selected: Bool
    ) throws -> PairedDifference {
        guard let reference = arm.arm.referenceName, let ratio = arm.arm.ratio else {
            throw Untested(description: "\(arm.arm.label) selects by no reference")
        }
        guard let parted = parts.first(where: { ($0.reference, $0.ratio, $0.split.name) == (reference, ratio, split) }) else {
            throw Untested(
                description: "there are no losses of the reference \(reference) on \(split), or they equal the start’s")
        }
        return try difference(arm, minus: control, on: split, over: selected ? parted.tokens.selected : parted.tokens.unselected)
    }

    private func bucketDifference(
        _ arm: ArmFindings, minus control: ArmFindings, on split: String, falls: Bool
    ) throws -> PairedDifference {
        guard let baseline = baseline?.seeded(on: split) else { throw Untested(description: "there is no baseline") }
        let differences = try arm.seeded(on: split).compactMap { own -> TokenLosses? in
            guard let base = baseline.first(where: { $0.seed == own.seed }),
                let other = control.seeded(on: split).first(where: { $0.seed == own.seed })
            else { return nil }
            // Both are checked to be of the baseline's tokens.
            let threshold = try TokenBuckets(baseline: base.losses, variant: own.losses).threshold
            _ = try TokenBuckets(baseline: base.losses, variant: other.losses)
            func moved(_ after: TokenLosses, _ index: Int) -> Float {
                let (wasHigh, isHigh) = (base.losses.losses[index] >= threshold, after.losses[index] >= threshold)
                return wasHigh == falls && isHigh != falls ? 1 : 0
            }
            var difference = base.losses
            difference.losses = difference.losses.indices.map { moved(own.losses, $0) - moved(other.losses, $0) }
            return difference
        }
        guard !differences.isEmpty else { throw Untested(description: "no seed is common to both arms and the baseline") }
        return try PairedDifference(differences: differences)
    }

    /// Over blocks alone: a reference is trained once, and another one may tell tokens apart otherwise.
    private func auroc(_ claim: Claim) throws -> ClaimMeasurement {
        guard let test = groundTruth?.tests.first(where: { $0.name == claim.split }) else {
            throw Untested(description: "this study made no test \(claim.split)")
        }
        guard let score = test.scores.first(where: { $0.name == claim.arm }) else {
            throw Untested(description: "the test \(test.label) has no score \(claim.arm)")
        }
        guard claim.control == "loss", let difference = score.againstLoss else {
            throw Untested(description: "the test \(test.label) compares scores with the loss alone")
        }
        return ClaimMeasurement(
            estimate: difference.value, lowerBound: difference.lowerBound, upperBound: difference.upperBound,
            coversTraining: false)
    }
}
