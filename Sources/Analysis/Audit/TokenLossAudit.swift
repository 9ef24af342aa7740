import RunRecords

/// What is wrong with a set of token losses, found from the file alone, without the model.
///
/// An *error* makes the numbers mean something else than they are taken for; a *warning* may have a good reason. A check is a
/// method that may find something; `init` lists them.
public struct TokenLossAudit: Sendable, Equatable {
    public enum Severity: String, Sendable, Codable { case error, warning }

    public enum Kind: String, Sendable, Codable, CaseIterable {
        case nothingCounts, notFinite, negative, constantRows, repeatedRows
        case firstPositionCounts, paddingCounts, textIsMasked
        case unshifted, displaced
    }

    public struct Finding: Sendable, Equatable, Codable {
        public var kind: Kind
        public var severity: Severity
        /// What it is, and how many.
        public var sentence: String
        /// Row and position of the first; `nil` where it is the whole file.
        public var firstPlace: [Int]?
        /// Losses or rows concerned.
        public var count: Int
        /// What to do about it.
        public var remedy: String
    }

    /// Errors first.
    public private(set) var findings: [Finding] = []
    public var hasErrors: Bool { findings.contains { $0.severity == .error } }

    /// Losses that count.
    public let tokens: Int
    /// Over those that are finite, in nats; `nil` where there is none.
    public let meanLoss: Double?
    /// Share of those below 0.1 nats: tokens that the model foresaw.
    public let foreseenShare: Double?

    let losses: TokenLosses

    public init(_ losses: TokenLosses) {
        (self.losses, tokens) = (losses, losses.count)
        let finite = losses.counted.filter(\.isFinite)
        meanLoss = finite.isEmpty ? nil : finite.reduce(0) { $0 + Double($1) } / Double(finite.count)
        foreseenShare = finite.isEmpty ? nil : Double(finite.count { $0 < 0.1 }) / Double(finite.count)
        let found = [
            nothingCounts, notFinite, negative, constantRows, repeatedRows, firstPositionCounts, paddingCounts, textIsMasked,
            unshifted, displaced,
        ].compactMap { $0() }
        findings = found.filter { $0.severity == .error } + found.filter { $0.severity == .warning }
    }

    var rows: Int { losses.rows }
    var positions: Int { losses.positions }

    /// Places of a row's losses that count.
    func counted(in row: Int) -> [Int] { (row * positions..<(row + 1) * positions).filter { losses.mask[$0] } }

    /// Row and position.
    func place(_ index: Int) -> [Int] { [index / positions, index % positions] }
}
