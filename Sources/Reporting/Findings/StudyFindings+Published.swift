import Analysis
import RunRecords

/// Which arm of this study a published one stands beside.
extension StudyFindings {
    /// The baseline for `all`; else the first selection arm with this policy and ratio.
    func arm(policy: String, ratio: Double?) -> ArmFindings? {
        policy == "all" ? baseline : arms.first { $0.arm.role == .selection && $0.arm.policy == policy && $0.arm.ratio == ratio }
    }

    /// The counterpart of a published name, at the first ratio it was published with.
    func arm(published name: String, of study: PublishedStudy) -> ArmFindings? {
        study.perplexities.first { $0.arm == name }.flatMap { arm(policy: $0.policy, ratio: $0.ratio) }
    }

    func cosines(_ first: ArmFindings?, _ second: ArmFindings?) -> UpdateCosines? {
        guard let cosines, let first, let second, let i = cosines.labels.firstIndex(of: first.arm.label),
            let j = cosines.labels.firstIndex(of: second.arm.label)
        else { return nil }
        return cosines.values[i][j]
    }
}
