/// The direction that training moved a model in, ready to be compared with others.
///
/// Two cosines are reported, since the easy one misleads; see `UpdateCosines`.
public struct UpdateDirection: Sendable {
    public let name: String
    private let update: LowRankUpdate
    /// ΔW minus the start's ΔW on each module.
    private let differences: [String: DifferenceFactors]
    private let factorNorm: Double
    private let effectiveNorm: Double

    /// - Parameter start: the adapter the run began from, whose ΔW is subtracted; `nil` for PEFT's initialisation, whose ΔW is
    ///   zero because B is.
    /// - Throws: an `AnalysisError` where the start has other modules or other shapes.
    public init(_ update: LowRankUpdate, start: LowRankUpdate? = nil) throws {
        if let start { try update.checkModules(agreeWith: start) }
        name = update.name
        self.update = update
        differences = Dictionary(
            uniqueKeysWithValues: update.modules.map { module, pair in
                let startPair = start.map { (pair: $0.modules[module]!, scale: $0.scale) }
                return (module, DifferenceFactors(pair, scale: update.scale, from: startPair))
            })
        let modules = update.modules.keys.sorted()
        factorNorm = modules.reduce(0) { sum, module in
            let factors = update.modules[module]!
            return sum + dot(factors.a, factors.a) + dot(factors.b, factors.b)
        }.squareRoot()
        // Rounding can leave a zero norm a hair below it.
        effectiveNorm = max(
            0, modules.reduce(0) { [differences] in $0 + differences[$1]!.inner(differences[$1]!) }
        ).squareRoot()
    }

    /// - Throws: an `AnalysisError` where the modules or their shapes differ.
    public func cosines(with other: UpdateDirection) throws -> UpdateCosines {
        try update.checkModules(agreeWith: other.update)
        var (factors, effective) = (0.0, 0.0)
        var ranksAgree = true
        for module in update.modules.keys.sorted() {
            let (here, there) = (update.modules[module]!, other.update.modules[module]!)
            ranksAgree = ranksAgree && here.rank == there.rank
            if ranksAgree { factors += dot(here.a, there.a) + dot(here.b, there.b) }
            effective += differences[module]!.inner(other.differences[module]!)
        }
        func cosine(_ product: Double, _ first: Double, _ second: Double) -> Double? {
            first > 0 && second > 0 ? product / (first * second) : nil
        }
        return UpdateCosines(
            adapter: ranksAgree ? cosine(factors, factorNorm, other.factorNorm) : nil,
            effective: cosine(effective, effectiveNorm, other.effectiveNorm))
    }
}

/// How alike two runs moved the model.
///
/// A cosine is `nil` where one of the two has not moved at all.
public struct UpdateCosines: Sendable, Hashable {
    /// Of A and B flattened and concatenated. It isn't invariant: a start that both share alone brings it near 1, and two
    /// different starts near 0, whatever was learned. `nil` too where the ranks differ.
    public var adapter: Double?
    /// Of ΔW minus the start's ΔW, which is what the model feels. Read it against a null: the same initialisation with
    /// another data order.
    public var effective: Double?
}
