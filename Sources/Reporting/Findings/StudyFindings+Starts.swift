import RunRecords

extension StudyFindings {
    /// The losses before training: usually one set, shared by every arm; arms that began elsewhere have their own.
    var distinctStarts: [(arms: [String], evaluations: [String: EvaluationRecord])] {
        var starts: [(arms: [String], evaluations: [String: EvaluationRecord])] = []
        for findings in arms {
            let evaluations = findings.splits.compactMapValues(\.start)
            guard !evaluations.isEmpty else { continue }
            if let index = starts.firstIndex(where: { Self.agree($0.evaluations, evaluations) }) {
                starts[index].arms.append(findings.arm.label)
            } else {
                starts.append(([findings.arm.label], evaluations))
            }
        }
        return starts
    }

    /// Equal to what summation order explains.
    private static func agree(_ first: [String: EvaluationRecord], _ second: [String: EvaluationRecord]) -> Bool {
        first.keys == second.keys && first.allSatisfy { abs($1.loss - second[$0]!.loss) < 1e-4 }
    }
}
