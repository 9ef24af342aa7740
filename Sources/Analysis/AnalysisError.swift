/// What keeps two sets of losses or two updates from being compared. Each says what, where, and what to do about it.
public enum AnalysisError: Error, Equatable, CustomStringConvertible {
    case nothingCounts(String)
    case badQuantile(Double)
    case notANumber(what: String, row: Int, position: Int)
    case differentShapes(first: [Int], second: [Int])
    case differentMasks(row: Int, position: Int)
    case differentTokens(row: Int, position: Int, first: Int32, second: Int32)
    case missingModule(String, in: String)
    case differentModuleShapes(module: String, first: [Int], second: [Int])
    case tooFewBlocks(Int)
    case wrongCount(what: String, found: Int, expected: Int)
    case tooFewCheckpoints(Int)
    case badRatio(Double)
    case nothingToRank
    case oneClass(positives: Int, of: Int)

    public var description: String {
        switch self {
        case .nothingCounts(let what):
            "\(what): the mask leaves no loss to count"
        case .badQuantile(let quantile):
            "a quantile lies between 0 and 1, not at \(quantile)"
        case .notANumber(let what, let row, let position):
            "the \(what)'s loss at [\(row), \(position)] is not a number: mask that position, or find out why the model diverged there"
        case .differentShapes(let first, let second):
            "the baseline's losses have shape \(first), the variant's \(second): evaluate both on the same shards and block length"
        case .differentMasks(let row, let position):
            "the masks differ first at [\(row), \(position)]: evaluate both models on the same shards"
        case .differentTokens(let row, let position, let first, let second):
            "the tokens differ first at [\(row), \(position)] (\(first) and \(second)): evaluate both models on the same shards"
        case .missingModule(let module, let adapter):
            "\(adapter) has no adapter on `\(module)`, which the other has: compare adapters with the same target modules"
        case .differentModuleShapes(let module, let first, let second):
            "`\(module)` has shape \(first) in one adapter and \(second) in the other"
        case .tooFewBlocks(let count):
            "a bootstrap over \(count) block(s) says nothing: hold out more text"
        case .wrongCount(let what, let found, let expected):
            "\(what) should have \(expected) entries and have \(found): take both from the same evaluation"
        case .tooFewCheckpoints(let count):
            "a line needs token losses of two checkpoints, and there are \(count): train with `keepTokenLosses: evaluations`"
        case .badRatio(let ratio):
            "a ratio lies above 0 and at most at 1, not at \(ratio)"
        case .nothingToRank:
            "every token has the same excess loss: the reference is the start itself, and selects by position alone"
        case .oneClass(let positives, let count):
            "\(positives) of \(count) tokens are marked: an AUROC needs marked and unmarked ones"
        }
    }
}
