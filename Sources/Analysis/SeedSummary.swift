import Foundation

/// A number that each seed gives once, such as a cosine: its mean over seeds and how far it scatters.
public struct SeedSummary: Sendable, Hashable {
    public var seeds: Int
    public var mean: Double
    public var minimum: Double
    public var maximum: Double
    /// With S − 1 in the denominator; `nil` for one seed.
    public var standardDeviation: Double?
    /// Student's t interval of the mean; `nil` for one seed, and where a seed gave no finite number.
    public var interval: ClosedRange<Double>?

    /// - Throws: `AnalysisError.nothingCounts` where there is no value.
    public init(_ values: [Double], confidence: Double = 0.95) throws {
        guard let minimum = values.min(), let maximum = values.max() else {
            throw AnalysisError.nothingCounts("a mean over seeds")
        }
        (seeds, self.minimum, self.maximum) = (values.count, minimum, maximum)
        mean = values.reduce(0, +) / Double(values.count)
        guard seeds > 1 else { return }
        let deviation = variance(values).squareRoot()
        standardDeviation = deviation
        guard deviation.isFinite else { return }
        let half =
            StudentT.quantile(0.5 + confidence / 2, degreesOfFreedom: seeds - 1) * deviation / Double(seeds).squareRoot()
        interval = mean - half...mean + half
    }
}

/// The sample variance, with n − 1 in the denominator.
func variance(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
}
