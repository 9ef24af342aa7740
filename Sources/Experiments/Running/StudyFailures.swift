import RunRecords
import Training

/// The arms of a study that failed by themselves, while the others go on.
struct StudyFailures {
    let study: Study
    /// The sentence each ended with, by the run's name.
    private var sentences: [String: String] = [:]

    init(of study: Study) { self.study = study }

    var isEmpty: Bool { sentences.isEmpty }

    mutating func note(_ sentence: String, of run: StudyRun) { sentences[run.name] = sentence }

    /// Why a run can't be begun: something that it is built on has failed.
    func obstacle(to run: StudyRun) -> String? {
        study.foundations(of: run).first { sentences[$0.name] != nil }.map {
            "it is built on \($0.name), which failed"
        }
    }

    func write(into record: inout StudyRecord) {
        for arm in record.arms.indices {
            for run in record.arms[arm].runs.indices {
                record.arms[arm].runs[run].failure = sentences[record.arms[arm].runs[run].directory]
            }
        }
    }
}

extension Study {
    /// The arms that have to be finished before a run can be begun.
    fileprivate func foundations(of run: StudyRun) -> [StudyRun] {
        var arms: [String] = []
        for source in [run.recipe.adapter?.start, run.recipe.selection.replay?.source] {
            if case .trained(.arm(let name)) = source { arms.append(name) }
        }
        if let matching = run.matching { arms += [matching.arm] + (matching.by == .seconds ? [baseline] : []) }
        return arms.map { self.run(.arm($0), seed: run.recipe.training.seed) }
    }
}
