import Analysis
import RunRecords

/// The study in three to six sentences, each computed.
extension StudyFindings {
    public var summary: [String] {
        [question, mainResult, againstRandom, againstControls, claimsTally, chance].compactMap { $0 }
    }

    /// The arm that the summary speaks of: the first that compares with a trained reference, else the first that scores.
    var mainArm: ArmFindings? {
        let selecting = arms.filter { $0.arm.role == .selection && $0.hasRun }
        return selecting.first { ($0.arm.referenceName ?? "base") != "base" } ?? selecting.first { $0.arm.score != nil }
            ?? selecting.first
    }

    /// The split that a reference aims at comes last in a study; the text trained on comes first.
    private var target: StudyRecord.Split? { record.validationSplits.last }

    private var question: String {
        // A null under a seed of its own is an arm, not a second seed.
        let seeds = record.arms.map(\.runs.count).max() ?? 0
        let splits = Sentence.list(record.validationSplits.map(\.label))
        let tokens =
            baseline?.mean { Double($0.run.tokens) }.map { "; the baseline saw \(NumberText.count($0)) tokens a run" } ?? ""
        return """
            Does it help to train on the tokens that a score picks, rather than on all of them? \
            \(Sentence.count(arms.count, "arm")), \(Sentence.count(seeds, "seed")), judged on \(splits)\(tokens).
            """
    }

    private var mainResult: String? {
        guard let arm = mainArm, let baseline else { return nil }
        let parts = record.validationSplits.compactMap { split in
            arm.splits[split.name]?.difference.map {
                "on \(split.label) \(Sentence.comparison($0, with: baseline.arm.label))"
            }
        }
        return parts.isEmpty ? nil : "\(Sentence.capitalized(arm.arm.label)) ends \(Sentence.list(parts))."
    }

    private var againstRandom: String? {
        guard let arm = mainArm, let target, let control = controls(of: arm).first(where: { $0.arm.policy == "random" }),
            let difference = try? difference(arm, minus: control, on: target.name)
        else { return nil }
        return """
            Against as many tokens picked at random it ends on \(target.label) \
            \(Sentence.comparison(difference, with: control.arm.label)).
            """
    }

    private var againstControls: String? {
        guard let arm = mainArm, let target else { return nil }
        let controls = controls(of: arm).filter { $0.arm.role == .control }
        guard
            let best = controls.min(by: {
                ($0.splits[target.name]?.loss ?? .infinity) < ($1.splits[target.name]?.loss ?? .infinity)
            }),
            let difference = try? difference(arm, minus: best, on: target.name)
        else { return nil }
        return """
            Of the matched controls, \(best.arm.label) has the lowest loss there; \(arm.arm.label) ends \
            \(Sentence.comparison(difference, with: "it")).
            """
    }

    private var claimsTally: String? {
        guard !verdicts.isEmpty else { return nil }
        func count(_ matches: (ClaimVerdict.Outcome) -> Bool) -> Int { verdicts.count { matches($0.outcome) } }
        let untested = verdicts.count { if case .notTested = $0.outcome { true } else { false } }
        return """
            Of \(Sentence.count(verdicts.count, "claim")) fixed beforehand: \(count { $0 == .holds }) held up, \
            \(count { $0 == .doesNotHold }) not; undecided at this budget: \(count { $0 == .undecided }); not tested by this study: \
            \(untested).
            """
    }

    private var chance: String? {
        guard let baseline, let split = record.validationSplits.first else { return nil }
        guard let deviation = baseline.splits[split.name]?.seedDeviation else {
            return baseline.finished.count == 1
                ? "One seed: the intervals cover the choice of held-out text, not the randomness of training." : nil
        }
        return """
            By chance alone, runs of \(baseline.arm.label) scatter with a standard deviation of \(NumberText.fixed(deviation, 4)) \
            nats on \(split.label); the intervals hold that as well as the choice of held-out text.
            """
    }

    /// What a selection arm has to beat: the baseline, random picks at its ratio, and every control, in the study's order.
    func controls(of arm: ArmFindings) -> [ArmFindings] {
        arms.filter { other in
            guard other.arm.name != arm.arm.name, other.hasRun else { return false }
            switch other.arm.role {
            case .baseline, .control: return true
            case .null: return false
            case .selection: return other.arm.policy == "random" && other.arm.ratio == arm.arm.ratio
            }
        }
    }
}
