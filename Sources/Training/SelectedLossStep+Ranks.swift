import Corpora
import Torch

extension SelectedLossStep.Result {
    /// What every rank found in its share of a window, as one process finds it in the whole.
    ///
    /// Sums of losses are joined micro-batch by micro-batch and added in the window's order, so that they have one process' bits.
    ///
    /// - Parameter part: `nil` where a loss of this rank's share isn't finite.
    /// - Returns: `nil` where it is so on any rank.
    /// - Throws: `RankError.lost`
    static func joined(_ part: Self?, of window: [TokenBatch], among ranks: ProcessGroup) throws -> Self? {
        guard ranks.count > 1 else { return part }
        var message = WindowMessage(window.map(\.validCount))
        if let part { message.write(part, at: ranks.share(of: window.count)) } else { message[.failures] = 1 }
        message.words = try ranks.sum(message.words, "joining the step's counts")
        return message[.failures] == 0 ? message.result() : nil
    }
}

/// A window's result as integers, of which a rank writes its own and leaves the others 0: their sum over all ranks is the whole.
private struct WindowMessage {
    /// Words that are sums over ranks.
    enum Count: Int, CaseIterable { case failures, candidates, filled, tied, scored }

    private static let decileCount = 10
    private let valid: [Int]
    var words: [Int]

    /// - Parameter valid: the valid tokens of each micro-batch.
    init(_ valid: [Int]) {
        self.valid = valid
        words = [Int](repeating: 0, count: Count.allCases.count + Self.decileCount + valid.reduce(0) { $0 + Self.length($1) })
    }

    subscript(count: Count) -> Int {
        get { words[count.rawValue] }
        set { words[count.rawValue] = newValue }
    }

    /// Two sums, as their bits, and a bit for each valid token.
    private static func length(_ valid: Int) -> Int { 2 + (valid + 63) / 64 }

    private func start(of microBatch: Int) -> Int {
        Count.allCases.count + Self.decileCount + valid[..<microBatch].reduce(0) { $0 + Self.length($1) }
    }

    mutating func write(_ part: SelectedLossStep.Result, at share: Range<Int>) {
        self[.candidates] = part.candidateCount
        self[.filled] = part.filledCount
        self[.tied] = part.allTied ? 1 : 0
        self[.scored] = part.scoreDeciles == nil ? 0 : 1
        for (decile, count) in (part.scoreDeciles ?? []).enumerated() { words[Count.allCases.count + decile] = count }
        for (place, microBatch) in share.enumerated() {
            let start = start(of: microBatch)
            words[start] = Int(bitPattern: UInt(part.lossSums[place].bitPattern))
            words[start + 1] = Int(bitPattern: UInt(part.selectedLossSums[place].bitPattern))
            for token in part.selected[place] { words[start + 2 + token / 64] |= 1 << (token % 64) }
        }
    }

    func result() -> SelectedLossStep.Result {
        func double(_ word: Int) -> Double { Double(bitPattern: UInt64(UInt(bitPattern: word))) }
        var result = SelectedLossStep.Result()
        (result.candidateCount, result.filledCount, result.allTied) = (self[.candidates], self[.filled], self[.tied] > 0)
        let first = Count.allCases.count
        if self[.scored] > 0 { result.scoreDeciles = Array(words[first..<first + Self.decileCount]) }
        for microBatch in valid.indices {
            let start = start(of: microBatch)
            result.lossSums.append(double(words[start]))
            result.selectedLossSums.append(double(words[start + 1]))
            result.selected.append(
                (0..<valid[microBatch]).filter { words[start + 2 + $0 / 64] >> ($0 % 64) & 1 == 1 })
        }
        result.validCount = valid.reduce(0, +)
        result.selectedCount = result.selected.reduce(0) { $0 + $1.count }
        return result
    }
}
