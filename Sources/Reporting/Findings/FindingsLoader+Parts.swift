import Analysis
import RunRecords

extension FindingsLoader {
    /// Held-out tokens parted as each score of the study would part them, for every arm.
    mutating func parts(of arms: [ArmFindings]) -> [LossParts] {
        var scores: [(reference: String, ratio: Double)] = []
        for arm in arms.map(\.arm) where arm.role == .selection {
            guard let reference = arm.referenceName, let ratio = arm.ratio, ratio < 1,
                !scores.contains(where: { $0 == (reference, ratio) })
            else { continue }
            scores.append((reference, ratio))
        }
        return scores.flatMap { score in
            record.validationSplits.compactMap { parts(of: arms, by: score.reference, ratio: score.ratio, on: $0) }
        }
    }

    private mutating func parts(
        of arms: [ArmFindings], by reference: String, ratio: Double, on split: StudyRecord.Split
    ) -> LossParts? {
        let what = "Tokens selected by \(reference) on \(split.label)"
        guard let startPath = record.startTokenLosses[split.name],
            let referencePath = record.referenceTokenLosses[reference]?[split.name], startPath != referencePath,
            let start = losses(startPath, what), let other = losses(referencePath, what), start.losses != other.losses,
            let parted = attempt(what, { try ExcessSplit(start: start, reference: other, ratio: ratio) })
        else { return nil }
        let baseline = arms.first { $0.arm.role == .baseline }?.seeded(on: split.name) ?? []
        var found: [String: LossParts.Arm] = [:]
        for arm in arms {
            let own = arm.seeded(on: split.name)
            guard !own.isEmpty else { continue }
            found[arm.arm.name] = attempt(what) {
                let compares = arm.arm.role != .baseline && !baseline.isEmpty
                return LossParts.Arm(
                    selected: try Self.mean(own, over: parted.selected),
                    unselected: try Self.mean(own, over: parted.unselected),
                    selectedDifference: compares
                        ? try PairedDifference(baseline: baseline, variant: own, over: parted.selected) : nil,
                    unselectedDifference: compares
                        ? try PairedDifference(baseline: baseline, variant: own, over: parted.unselected) : nil)
            }
        }
        return LossParts(reference: reference, ratio: ratio, split: split, tokens: parted, arms: found)
    }

    /// Over tokens, then over seeds.
    private static func mean(_ runs: [SeededLosses], over tokens: [Bool]) throws -> Double {
        let means = try runs.map { try LossSummary($0.losses, over: tokens).loss }
        return means.reduce(0, +) / Double(means.count)
    }
}
