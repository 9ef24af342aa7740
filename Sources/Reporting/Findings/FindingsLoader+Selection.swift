import Analysis
import RunRecords

extension FindingsLoader {
    /// What the selection arms selected, by the arm's name; without those that left no trace of it.
    mutating func selections(of arms: [ArmFindings]) -> [String: SelectionFindings] {
        var found: [String: SelectionFindings] = [:]
        for arm in arms where arm.arm.role == .selection {
            let selection = SelectionFindings(
                traces: traces(of: arm), byFrequency: frequencies(of: arm), byDecile: deciles(of: arm))
            if !selection.traces.isEmpty || selection.byDecile != nil { found[arm.arm.name] = selection }
        }
        return found
    }

    private mutating func traces(of arm: ArmFindings) -> [UInt64: SelectionTrace] {
        var traces: [UInt64: SelectionTrace] = [:]
        for run in arm.runs.map(\.run) {
            guard let path = run.selections else { continue }
            traces[run.seed] = attempt("The selections of \(arm.arm.label), seed \(run.seed)") { [directory] in
                let history = try SelectionLog.read(directory.appendingPathComponent(path))
                return try SelectionTrace(
                    blockLength: history.blockLength, text: history.layout.dataHash,
                    steps: history.steps.map { (step: $0.step, blocks: $0.blockIndices, selected: $0.selected) })
            }
        }
        return traces
    }

    /// Over the seeds.
    private func frequencies(of arm: ArmFindings) -> [SelectionShare]? {
        let counted = arm.runs.compactMap(\.run.selectedByFrequency)
        guard let length = counted.map(\.count).max() else { return nil }
        return (0..<length).map { place in
            counted.reduce(into: SelectionShare()) { sum, run in
                guard place < run.count else { return }
                sum.tokens += run[place].tokens
                sum.selected += run[place].selected
            }
        }
    }

    private mutating func deciles(of arm: ArmFindings) -> [Double]? {
        let steps = arm.runs.flatMap(\.history.steps).compactMap { step in
            step.selectedByScoreDecile.map { (selected: $0, valid: step.validTokens) }
        }
        guard !steps.isEmpty else { return nil }
        return attempt("The score deciles of \(arm.arm.label)") { try SelectionTrace.shareByScoreDecile(steps) }
    }

    /// How far two arms selected the same tokens of the same blocks, under the smallest seed that both kept.
    mutating func overlaps(
        of arms: [ArmFindings], _ selections: [String: SelectionFindings]
    ) -> [(first: String, second: String, overlap: SelectionOverlap)] {
        let names = arms.map(\.arm.name).filter { selections[$0]?.traces.isEmpty == false }
        return names.enumerated().flatMap { index, first in
            names[(index + 1)...].compactMap { second in
                let (here, there) = (selections[first]!.traces, selections[second]!.traces)
                guard let seed = Set(here.keys).intersection(there.keys).min(),
                    // Arms on other texts, or with another number of blocks a step, have no block and step in common.
                    let overlap = try? SelectionOverlap(here[seed]!, there[seed]!)
                else { return nil }
                return (first, second, overlap)
            }
        }
    }
}
