import RunRecords

/// The difference between two arms in the mean of a per-token value, with an interval over held-out text and over training.
///
/// The same tokens are scored by every run, so three things make a difference scatter: a run's seed moves all blocks
/// (variance A), a block moves all runs (B), and the two together (E). With means m of the S seeds and of the B blocks,
/// seeds: s²(m)/S holds A/S + E/(SB), blocks: s²(m)/B − E/(SB) holds the rest; `VarianceComponents.halfWidth` adds them.
///
/// Seeds are not resampled. The percentile bootstrap of three values never reaches beyond the outer two and covers 75 %
/// where it says 95 %; Student's t with its 2 degrees of freedom covers what it says. The price is width: with two
/// seeds t is 12.7. With one seed there is only the text: the interval is `BlockBootstrap`'s, and `coversTraining` is `false`.
///
/// Where the losses name more than one document, blocks that begin in one document count as one.
///
/// Two arms with a seed in common are paired by seed (same data order, same initialisation), and runs without a partner are
/// left out. Two arms without one are compared as two samples, whose variances add.
public struct PairedDifference: Sendable, Hashable {
    /// Variant − baseline: the mean over seeds of the mean over tokens.
    public var difference: Double
    public var lowerBound: Double
    public var upperBound: Double
    public var confidence: Double
    /// Pairs of runs; where nothing pairs, the runs of the smaller arm.
    public var seeds: Int
    /// What was drawn: blocks, or documents where they are known.
    public var blocks: Int
    public var tokens: Int
    /// Of the difference from one pair of runs to another; `nil` for one pair.
    public var seedStandardDeviation: Double?
    /// Whether the interval covers the randomness of training, or the choice of held-out text alone.
    public var coversTraining: Bool
    /// What a larger study would gain.
    public var components: VarianceComponents

    /// Whether the interval leaves zero out.
    public var excludesZero: Bool { lowerBound > 0 || upperBound < 0 }

    /// - Parameters:
    ///   - tokens: `[rows, positions]`: the subset of the mask to average over; `nil` for all of it.
    ///   - resamples: of the bootstrap over blocks, where there is one seed.
    /// - Throws: an `AnalysisError` where the runs are not of the same tokens or there are too few blocks.
    public init(
        baseline: [SeededLosses], variant: [SeededLosses], over tokens: [Bool]? = nil, confidence: Double = 0.95,
        resamples: Int = 10_000
    ) throws {
        guard let layout = baseline.first?.losses, !variant.isEmpty else {
            throw AnalysisError.nothingCounts("an arm without runs")
        }
        for run in baseline + variant { try layout.checkAgreement(with: run.losses) }
        let pairs = baseline.compactMap { run in
            variant.first { $0.seed == run.seed }.map { (baseline: run.losses.losses, variant: $0.losses.losses) }
        }
        func sample(_ runs: Int, _ value: (Int, Int) -> Double) throws -> BlockSums {
            try BlockSums(of: layout, over: tokens, runs: runs, value: value)
        }
        let samples =
            if pairs.isEmpty {
                [
                    try sample(variant.count) { Double(variant[$0].losses.losses[$1]) },
                    try sample(baseline.count) { -Double(baseline[$0].losses.losses[$1]) },
                ]
            } else {
                [try sample(pairs.count) { Double(pairs[$0].variant[$1]) - Double(pairs[$0].baseline[$1]) }]
            }
        try self.init(samples: samples, confidence: confidence, resamples: resamples)
    }

    /// From differences that were already taken, one set a seed: the interval of their mean.
    public init(
        differences: [TokenLosses], over tokens: [Bool]? = nil, confidence: Double = 0.95, resamples: Int = 10_000
    ) throws {
        guard let layout = differences.first else { throw AnalysisError.nothingCounts("an arm without runs") }
        for other in differences { try layout.checkAgreement(with: other) }
        let sample = try BlockSums(of: layout, over: tokens, runs: differences.count) {
            Double(differences[$0].losses[$1])
        }
        try self.init(samples: [sample], confidence: confidence, resamples: resamples)
    }

    /// - Parameter samples: sets of runs whose means add up to the difference; each scatters by itself.
    init(samples: [BlockSums], confidence: Double, resamples: Int) throws {
        let counts = samples[0].counts
        let (blocks, tokens) = (samples[0].blocks, samples[0].tokens)
        guard blocks > 1 else { throw AnalysisError.tooFewBlocks(blocks) }
        let sums = counts.indices.map { block in samples.reduce(0) { $0 + $1.blockSums[block] } }
        let difference = sums.reduce(0, +) / tokens
        let seeds = samples.map(\.runs).min()!
        // A block counts by its tokens: what it adds to the mean is (sum − mean · count) / mean count.
        let scale = Double(blocks) / tokens
        let blockVariance = variance(zip(sums, counts).map { ($0 - difference * $1) * scale })
        let residual = seeds > 1 ? samples.reduce(0) { $0 + $1.residualVariance / Double($1.runs) } : 0
        components = VarianceComponents(
            seedVariance: seeds > 1 ? samples.reduce(0) { $0 + variance($1.runMeans) } : nil,
            blockVariance: max(0, blockVariance - residual), seeds: seeds, blocks: blocks, tokens: Int(tokens))
        seedStandardDeviation = components.seedVariance?.squareRoot()
        (self.difference, self.confidence, self.seeds, coversTraining) = (difference, confidence, seeds, seeds > 1)
        (self.blocks, self.tokens) = (blocks, Int(tokens))
        guard seeds > 1 else {
            let bootstrap = try BlockBootstrap(sums: sums, counts: counts, confidence: confidence, resamples: resamples, seed: 0)
            (lowerBound, upperBound) = (bootstrap.lowerBound, bootstrap.upperBound)
            return
        }
        let half = components.halfWidth(seeds: seeds, blocks: blocks, confidence: confidence)
        (lowerBound, upperBound) = (difference - half, difference + half)
    }
}
