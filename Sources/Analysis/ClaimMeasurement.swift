/// A number that decides a claim, with its 95 % interval.
public struct ClaimMeasurement: Sendable, Hashable {
    public var estimate: Double
    public var lowerBound: Double
    public var upperBound: Double
    /// Whether the interval covers what training leaves to chance, that of the reference included.
    public var coversTraining: Bool
    /// What a larger study would gain, where known.
    public var components: VarianceComponents?

    public init(
        estimate: Double, lowerBound: Double, upperBound: Double, coversTraining: Bool, components: VarianceComponents? = nil
    ) {
        (self.estimate, self.lowerBound, self.upperBound) = (estimate, lowerBound, upperBound)
        (self.coversTraining, self.components) = (coversTraining, components)
    }

    public init(_ difference: PairedDifference) {
        self.init(
            estimate: difference.difference, lowerBound: difference.lowerBound, upperBound: difference.upperBound,
            coversTraining: difference.coversTraining, components: difference.components)
    }

    /// From a number that each seed gives once: no text is drawn, the seeds are all there is. With one seed the interval
    /// is endless.
    public init(_ summary: SeedSummary) {
        self.init(
            estimate: summary.mean, lowerBound: summary.interval?.lowerBound ?? -.infinity,
            upperBound: summary.interval?.upperBound ?? .infinity, coversTraining: summary.seeds > 1,
            components: VarianceComponents(
                seedVariance: summary.standardDeviation.map { $0 * $0 }, blockVariance: 0, seeds: summary.seeds, blocks: 1,
                tokens: 0))
    }
}
