import Torch

/// How much a token is worth training on. The higher, the more.
///
/// It is asked once for each pool, so it may compare a token with its rivals.
public protocol TokenScore: Sendable {
    /// What it reads beside the loss.
    var needs: Set<TokenMeasurements.Optional> { get }

    /// Whether a score can be more than 0. One that can't gives a policy that weighs tokens by their score nothing to weigh.
    var canBePositive: Bool { get }

    /// Whether a token's score depends on its rivals' measurements. Where it doesn't, and tokens of several ranks compete, each
    /// rank scores its own.
    var comparesTokens: Bool { get }

    /// `[N]`; never differentiated.
    func callAsFunction(_ measurements: TokenMeasurements) -> Tensor
}

extension TokenScore {
    public var needs: Set<TokenMeasurements.Optional> { [] }
    public var canBePositive: Bool { true }
    public var comparesTokens: Bool { true }
}

/// The student's own loss.
public struct LossScore: TokenScore {
    public init() {}
    public var comparesTokens: Bool { false }
    public func callAsFunction(_ measurements: TokenMeasurements) -> Tensor { measurements.loss }
}

/// Loss minus reference loss (Lin et al. 2024, arXiv:2404.07965, equation 3).
public struct ExcessLossScore: TokenScore {
    public init() {}
    public var needs: Set<TokenMeasurements.Optional> { [.referenceLoss] }
    public var comparesTokens: Bool { false }
    public func callAsFunction(_ measurements: TokenMeasurements) -> Tensor {
        measurements.loss - measurements.referenceLoss!
    }
}

/// The entropy of the student's prediction: where it is undecided.
public struct EntropyScore: TokenScore {
    public init() {}
    public var needs: Set<TokenMeasurements.Optional> { [.entropy] }
    public var comparesTokens: Bool { false }
    public func callAsFunction(_ measurements: TokenMeasurements) -> Tensor { measurements.entropy! }
}

/// What the student gives the token that comes: exp(−loss). Its top k are the k tokens of the lowest loss, as ProFit keeps
/// them (arXiv:2601.09195); drawn by weight, they come with DFT's (arXiv:2508.05629).
public struct TargetProbabilityScore: TokenScore {
    public init() {}
    public var comparesTokens: Bool { false }
    public func callAsFunction(_ measurements: TokenMeasurements) -> Tensor { (-measurements.loss).exponential() }
}

/// The scores that a recipe can name.
public enum TokenScoreRegistry {
    static let scores: [String: any TokenScore] = [
        "loss": LossScore(),
        "excessLoss": ExcessLossScore(),
        "entropy": EntropyScore(),
        "targetProbability": TargetProbabilityScore(),
        "selfReference": SelfReferenceScore(),
    ]

    public static var names: [String] { scores.keys.sorted() }

    /// - Throws: `SelectionError.unknownScore` with the known names.
    public static func score(named name: String) throws -> any TokenScore {
        guard let score = scores[name] else { throw SelectionError.unknownScore(name, known: names) }
        return score
    }
}
