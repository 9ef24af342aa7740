import Corpora
import RunRecords

extension SelectionStep {
    /// - Parameter selected: for each micro-batch of the window, places among its valid positions.
    init(_ step: Int, of window: [TokenBatch], selected: [[Int]]) {
        var marks: [Bool] = []
        for (batch, chosen) in zip(window, selected) {
            var mark = [Bool](repeating: false, count: batch.inputIDs.count)
            let targets = batch.validTargets
            for index in chosen { mark[targets[index]] = true }
            marks += mark
        }
        self.init(step: step, blockIndices: window.flatMap(\.blockIndices), selected: marks)
    }
}

extension TokenBatch {
    /// Where the targets of the valid positions stand among the B·T tokens: each one after the position that predicts it.
    var validTargets: [Int] { validMask.indices.filter { validMask[$0] }.map { $0 + 1 } }
}
