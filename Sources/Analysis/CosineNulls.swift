/// How alike the arms' updates are to the baseline's, beside how alike two baselines are by chance.
///
/// A cosine means little alone: with one initialisation it is high whatever was learned, with two it is low. So the
/// baseline is compared with itself, under another data order with the same initialisation and under another
/// initialisation, and each arm's run with the baseline of its own seed.
public struct CosineNulls: Sendable {
    /// One trained run, as the comparison needs it.
    public struct Run: Sendable {
        public var arm: String
        public var seed: UInt64
        /// What tells starts apart: the adapter's seed, or the adapter folder that the run began from.
        public var start: String
        public var direction: UpdateDirection

        public init(arm: String, seed: UInt64, start: String, direction: UpdateDirection) {
            (self.arm, self.seed, self.start, self.direction) = (arm, seed, start, direction)
        }
    }

    /// Both cosines over a number of pairs; `nil` where no pair has one.
    public struct Summary: Sendable, Hashable {
        public var adapter: SeedSummary?
        public var effective: SeedSummary?
    }

    /// An arm's runs against the baseline's with the same seed and start.
    public struct ArmCosines: Sendable {
        public var arm: String
        /// By ascending seed.
        public var pairs: [(seed: UInt64, cosines: UpdateCosines)]
        public var summary: Summary
    }

    /// Pairs of baseline runs with one start and two data orders. Pairs that share a run are not independent: read the mean and
    /// the range, not the interval.
    public let otherOrder: Summary
    /// Pairs of baseline runs with two starts.
    public let otherStart: Summary
    /// In the order in which the arms appear; arms without a partner are left out.
    public let arms: [ArmCosines]

    /// - Parameters:
    ///   - baseline: the arm that the others are compared with.
    ///   - nulls: arms of the baseline's configuration with another start or order; they join the two nulls.
    /// - Throws: an `AnalysisError` where adapters have other modules or shapes.
    public init(runs: [Run], baseline: String, nulls: Set<String> = []) throws {
        let plain = runs.filter { $0.arm == baseline || nulls.contains($0.arm) }
        var (otherOrder, otherStart): ([UpdateCosines], [UpdateCosines]) = ([], [])
        for (index, run) in plain.enumerated() {
            for other in plain[(index + 1)...] {
                let cosines = try run.direction.cosines(with: other.direction)
                if run.start != other.start {
                    otherStart.append(cosines)
                } else if run.seed != other.seed {
                    otherOrder.append(cosines)
                }
            }
        }
        (self.otherOrder, self.otherStart) = (try Summary(otherOrder), try Summary(otherStart))
        var names: [String] = []
        for run in runs where run.arm != baseline && !names.contains(run.arm) { names.append(run.arm) }
        arms = try names.compactMap { name in
            let pairs = try runs.filter { $0.arm == name }.sorted { $0.seed < $1.seed }.compactMap { run in
                try runs.first { $0.arm == baseline && $0.seed == run.seed }.map {
                    (seed: run.seed, cosines: try run.direction.cosines(with: $0.direction))
                }
            }
            return pairs.isEmpty ? nil : ArmCosines(arm: name, pairs: pairs, summary: try Summary(pairs.map(\.cosines)))
        }
    }

    /// The effective cosine of one arm to the baseline less that of another, seed by seed; `nil` where they share no seed.
    public func effectiveDifference(_ arm: String, minus control: String) throws -> SeedSummary? {
        guard let first = arms.first(where: { $0.arm == arm }), let second = arms.first(where: { $0.arm == control }) else {
            return nil
        }
        let differences = first.pairs.compactMap { pair in
            second.pairs.first { $0.seed == pair.seed }.flatMap { other in
                pair.cosines.effective.flatMap { here in other.cosines.effective.map { here - $0 } }
            }
        }
        return differences.isEmpty ? nil : try SeedSummary(differences)
    }
}

extension CosineNulls.Summary {
    fileprivate init(_ cosines: [UpdateCosines]) throws {
        func summary(_ values: [Double]) throws -> SeedSummary? { values.isEmpty ? nil : try SeedSummary(values) }
        adapter = try summary(cosines.compactMap(\.adapter))
        effective = try summary(cosines.compactMap(\.effective))
    }
}
