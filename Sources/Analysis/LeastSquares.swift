/// The straight line closest to a set of points, in the sum of squared vertical distances.
public struct LeastSquares: Sendable, Hashable {
    public var slope: Double
    public var intercept: Double

    /// - Parameters:
    ///   - x: at least two different values.
    ///   - y: as many, finite.
    public init(x: [Double], y: [Double]) {
        precondition(x.count == y.count && Set(x).count > 1, "a line needs two points, one above the other they are none")
        let meanX = x.reduce(0, +) / Double(x.count)
        let meanY = y.reduce(0, +) / Double(y.count)
        let spread = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
        slope = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / spread
        intercept = meanY - slope * meanX
    }

    public func value(at x: Double) -> Double { intercept + slope * x }
}
