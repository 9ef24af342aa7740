import RunRecords

/// What a set of runs leaves of their token values once they are summed over blocks.
struct BlockSums {
    /// `[runs][blocks]`.
    var sums: [[Double]]
    /// Tokens that count, by block; none is zero.
    var counts: [Double]

    var runs: Int { sums.count }
    var blocks: Int { counts.count }
    var tokens: Double { counts.reduce(0, +) }

    /// Each run's mean over all tokens.
    var runMeans: [Double] { sums.map { $0.reduce(0, +) / tokens } }

    /// Each block's mean over the runs, as a sum over its tokens.
    var blockSums: [Double] {
        counts.indices.map { block in sums.reduce(0) { $0 + $1[block] } / Double(runs) }
    }

    /// Variance, from block to block, of what is neither the run's nor the block's own: (S − 1)(B − 1) degrees of freedom.
    var residualVariance: Double {
        let (means, scale, shared) = (runMeans, Double(blocks) / tokens, blockSums)
        let mean = shared.reduce(0, +) / tokens
        var sum = 0.0
        for run in sums.indices {
            for block in counts.indices {
                let rest = (sums[run][block] - means[run] * counts[block]) - (shared[block] - mean * counts[block])
                sum += (rest * scale) * (rest * scale)
            }
        }
        return sum / Double((runs - 1) * (blocks - 1))
    }

    /// - Parameters:
    ///   - layout: the shape and the mask; all runs share them.
    ///   - tokens: `[rows, positions]`; `nil` for all that the mask leaves.
    ///   - runs: how many.
    ///   - value: run and flat index → what is summed.
    init(
        of layout: TokenLosses, over tokens: [Bool]?, runs: Int, value: (Int, Int) -> Double
    ) throws {
        if let tokens, tokens.count != layout.mask.count {
            throw AnalysisError.wrongCount(what: "the subset of tokens", found: tokens.count, expected: layout.mask.count)
        }
        sums = Array(repeating: [], count: runs)
        counts = []
        // One document can't say how documents differ.
        let documents = layout.documents.flatMap { Set($0).count > 1 ? $0 : nil }
        var places: [Int: Int] = [:]
        for row in 0..<layout.rows {
            let indices = (row * layout.positions..<(row + 1) * layout.positions).filter {
                layout.mask[$0] && tokens?[$0] ?? true
            }
            guard !indices.isEmpty else { continue }
            let group = documents.map { Int($0[row]) } ?? row
            let place = places[group] ?? counts.count
            if place == counts.count {
                places[group] = place
                counts.append(0)
                for run in 0..<runs { sums[run].append(0) }
            }
            counts[place] += Double(indices.count)
            for run in 0..<runs {
                var sum = 0.0
                for index in indices { sum += value(run, index) }
                guard sum.isFinite else {
                    let index = indices.first { !value(run, $0).isFinite } ?? indices[0]
                    throw AnalysisError.notANumber(what: "difference", row: row, position: index % layout.positions)
                }
                sums[run][place] += sum
            }
        }
        guard !counts.isEmpty else { throw AnalysisError.nothingCounts("the subset of tokens") }
    }
}
