import Analysis
import Foundation
import RunRecords

extension FindingsLoader {
    /// The blocks of text that the study kept, with every arm's losses under its smallest seed.
    mutating func pages(of arms: [ArmFindings]) -> [ViewerPage] {
        if record.viewerTexts.isEmpty, arms.contains(where: \.hasRun) {
            gaps.append("The study kept no text of its held-out tokens, so there is no token viewer.")
        }
        return record.validationSplits.compactMap { page(of: arms, on: $0) }
    }

    private mutating func page(of arms: [ArmFindings], on split: StudyRecord.Split) -> ViewerPage? {
        let what = "The text of \(split.label)"
        guard let path = record.viewerTexts[split.name],
            let texts = attempt(what, { [directory] in try TokenTexts.read(from: directory.appendingPathComponent(path)) }),
            let layout = arms.lazy.flatMap(\.runs).compactMap({ $0.tokenLosses[split.name] }).first
        else { return nil }
        let length = layout.positions
        let most = min(texts.blocks.count, layout.rows, ViewerPage.blockLimit, max(1, ViewerPage.tokenLimit / max(1, length)))
        // Pieces and losses share their indices only while every block but the last is full.
        let pieces = Array(texts.blocks.prefix(most).prefix { $0.count == length })
        guard !pieces.isEmpty else {
            gaps.append("\(what) is cut into blocks of another length than its losses, so no tokens are shown.")
            return nil
        }
        let count = pieces.count * length
        func cut(_ losses: TokenLosses?) -> [Float]? {
            losses.flatMap { $0.positions == length && $0.losses.count >= count ? Array($0.losses.prefix(count)) : nil }
        }
        let start = record.startTokenLosses[split.name].flatMap { losses($0, what) }
        var references: [String: TokenLosses] = [:]
        for (name, files) in record.referenceTokenLosses where files[split.name] != nil {
            references[name] = losses(files[split.name]!, what)
        }
        let shown = arms.compactMap { arm -> ViewerPage.Arm? in
            guard let run = arm.finished.first(where: { $0.tokenLosses[split.name] != nil }),
                let own = cut(run.tokenLosses[split.name])
            else { return nil }
            let reference = arm.arm.referenceName.flatMap { references[$0] == nil ? nil : $0 }
            return ViewerPage.Arm(
                label: arm.arm.label, losses: own, reference: reference,
                categories: run.categories[split.name].map { Array($0.categories.prefix(count)) },
                picks: picks(of: arm.arm, run, on: split, reference: reference.flatMap { references[$0] }, count: count))
        }
        return ViewerPage(
            split: split, pieces: pieces, mask: Array(layout.mask.prefix(count)), start: cut(start),
            references: references.compactMapValues(cut), arms: shown)
    }

    /// What a rule that takes the highest excess would take of the whole split at each checkpoint.
    private mutating func picks(
        of arm: StudyRecord.Arm, _ run: RunFindings, on split: StudyRecord.Split, reference: TokenLosses?, count: Int
    ) -> [(step: Int, picked: [Bool])] {
        guard arm.score == "excessLoss", arm.policy == "topK", let ratio = arm.ratio, let reference else { return [] }
        let kept = run.run.checkpoints.filter { $0.tokenLosses[split.name] != nil }.sorted { $0.step < $1.step }
        return kept.prefix(ViewerPage.checkpointLimit).compactMap { checkpoint in
            guard let student = losses(checkpoint.tokenLosses[split.name]!, "\(arm.label), step \(checkpoint.step)"),
                // At the start of a run from its own reference every excess is zero, and nothing can be ranked.
                let parted = try? ExcessSplit(start: student, reference: reference, ratio: ratio), parted.selected.count >= count
            else { return nil }
            return (checkpoint.step, Array(parted.selected.prefix(count)))
        }
    }
}
