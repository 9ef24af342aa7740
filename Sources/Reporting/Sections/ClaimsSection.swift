import Analysis
import RunRecords

/// What others said, and what this study says of it.
struct ClaimsSection: ReportSection {
    let id = "claims"
    let title = "Claims"

    func body(_ findings: StudyFindings) -> HTML? {
        let verdicts = findings.verdicts
        guard !verdicts.isEmpty else { return nil }
        let (tested, untested) = (verdicts.filter(\.isTested), verdicts.filter { !$0.isTested })
        let rest: HTML = """
            <details><summary>\(Sentence.count(untested.count, "claim")) not tested by this study</summary>
            \(table(untested, findings, label: "Claims that this study does not test"))</details>
            """
        return """
            <p>Each claim’s measure and region were written down before the runs. It holds where the whole 95 % interval lies inside \
            the region, does not hold where the whole interval lies outside, and is undecided otherwise. With one seed, or of a score with one \
            reference, nothing is decided: the interval then leaves out what training leaves to chance.</p>
            \(tested.isEmpty ? "" : table(tested, findings, label: "Claims and verdicts"))
            \(untested.isEmpty ? "" : rest)
            """
    }

    private func table(_ verdicts: [ClaimVerdict], _ findings: StudyFindings, label: String) -> HTML {
        ReportTable(
            caption: "Verdicts, with the measure behind each. Differences are the first arm minus the second.",
            label: label,
            head: ReportTable.head(["Claim", "verdict", "measured", "holds where", "what would decide"]),
            rows: verdicts.map { row($0, findings) }, style: "wordy claims"
        ).html
    }

    private func row(_ verdict: ClaimVerdict, _ findings: StudyFindings) -> HTML {
        let claim = verdict.claim
        let (word, style) = Self.word(verdict.outcome)
        return """
            <tr class="\(style)"><th scope="row">\(claim.says)<span class="note">\(claim.source)</span></th>\
            <td class="words"><strong>\(word)</strong></td><td class="words">\(measured(verdict, findings))</td><td class="words">\(Self.region(claim))</td>\
            <td class="words">\(Self.hint(verdict))</td></tr>
            """
    }

    private static func word(_ outcome: ClaimVerdict.Outcome) -> (String, String) {
        switch outcome {
        case .holds: ("holds", "holds")
        case .doesNotHold: ("does not hold", "fails")
        case .undecided: ("undecided", "undecided")
        case .notTested: ("not tested", "untested")
        }
    }

    private func measured(_ verdict: ClaimVerdict, _ findings: StudyFindings) -> HTML {
        let claim = verdict.claim
        let names = [claim.arm, claim.control].map { name in
            findings.arms.first { $0.arm.name == name }?.arm.label ?? name
        }
        let split = findings.record.validationSplits.first { $0.name == claim.split }?.label ?? claim.split
        let what = "\(Self.name(claim.measure)), \(names[0]) against \(names[1]), \(split)"
        guard let estimate = verdict.estimate else { return "<span class=\"note\">\(what)</span>" }
        let unit = Self.unit(claim.measure)
        let bounds =
            verdict.lowerBound == nil || verdict.upperBound == nil
            ? "no interval" : "\(unit(verdict.lowerBound!))\u{A0}…\u{A0}\(unit(verdict.upperBound!))"
        return "\(unit(estimate))<span class=\"interval\">\(bounds)</span><span class=\"note\">\(what)</span>"
    }

    private static func name(_ measure: Claim.Measure) -> String {
        switch measure {
        case .lossDifference: "difference in loss, nats"
        case .perplexityRatio: "ratio of perplexities"
        case .selectedLossDifference: "difference in loss on selected tokens, nats"
        case .unselectedLossDifference: "difference in loss on the other tokens, nats"
        case .highToLowDifference: "difference in H→L share"
        case .lowToHighDifference: "difference in L→H share"
        case .effectiveCosineDifference: "difference in effective cosine to the baseline"
        case .aurocDifference: "difference in AUROC"
        }
    }

    private static func unit(_ measure: Claim.Measure) -> (Double) -> String {
        switch measure {
        case .highToLowDifference, .lowToHighDifference: { NumberText.signedPercent($0) }
        case .perplexityRatio: { NumberText.fixed($0, 4) }
        default: { NumberText.signed($0, 4) }
        }
    }

    private static func region(_ claim: Claim) -> String {
        let format = Self.unit(claim.measure)
        func unit(_ bound: Double) -> String { bound == 0 ? "0" : format(bound) }
        return switch (claim.lower, claim.upper) {
        case (nil, nil): NumberText.none
        case (let lower?, nil): "above \(unit(lower))"
        case (nil, let upper?): "below \(unit(upper))"
        case (let lower?, let upper?): "between \(unit(lower)) and \(unit(upper))"
        }
    }

    private static func hint(_ verdict: ClaimVerdict) -> String {
        if case .notTested(let reason) = verdict.outcome { return Sentence.capitalized(reason) + "." }
        return switch verdict.budgetHint {
        case nil where verdict.outcome == .undecided && verdict.claim.measure == .aurocDifference:
            "References trained under more seeds."
        case nil: NumberText.none
        case .budget(let seeds, let tokens):
            tokens > 0
                ? "At this effect: \(Sentence.count(seeds, "seed")) an arm and \(NumberText.count(tokens)) held-out tokens."
                : "At this effect: \(Sentence.count(seeds, "seed")) an arm."
        case .moreSeedsFirst: "More seeds: with one, how far training scatters is not known."
        case .outOfReach: "More than \(NumberText.count(BudgetHint.mostSeeds)) seeds an arm at this effect."
        }
    }
}

extension ClaimVerdict {
    fileprivate var isTested: Bool {
        if case .notTested = outcome { return false }
        return true
    }
}
