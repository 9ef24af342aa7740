/// Flags a loss that stands out from the steps before it. Nothing is done about it.
///
/// The rule: more than `limit` standard deviations above the mean of the last `length` steps' losses, once there are
/// `least` of them. A flagged loss joins the window like any other, so that a new level isn't flagged for ever.
package struct LossSpikes: Sendable, Codable, Equatable {
    package static let length = 50
    package static let least = 20
    package static let limit = 6.0

    /// The latest losses, oldest first.
    package private(set) var window: [Double] = []

    package init() {}

    /// - Returns: by how many standard deviations `loss` exceeds the mean, where the rule flags it.
    package mutating func excess(of loss: Double) -> Double? {
        defer { window = (window + [loss]).suffix(Self.length) }
        guard window.count >= Self.least else { return nil }
        let mean = window.reduce(0, +) / Double(window.count)
        let squares = window.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / Double(window.count - 1)).squareRoot()
        guard deviation > 0, loss > mean + Self.limit * deviation else { return nil }
        return (loss - mean) / deviation
    }
}
