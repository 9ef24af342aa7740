/// How far a study has come, in units of one trained token.
public struct StudyProgress: Sendable, Equatable {
    public enum Stage: String, Sendable { case evaluating, scoring, training }

    /// The run at work: its folder's name, as `clm/seed-1` or `reference/NAME`; `start`; or `ground truth: ocr`.
    public var run = ""
    public var stage = Stage.training
    /// Units done since this process began.
    public var done = 0.0
    /// Units that were left when it began.
    public var total = 0.0
    /// Of the stage at work.
    public var tokensPerSecond = 0.0

    public init() {}

    init(total: Double) { self.total = total }
}
