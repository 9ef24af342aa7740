import Torch

/// How much a token is worth training on. The higher, the more.
public protocol TokenScore: Sendable {
    /// What it reads beside the loss.
    var needs: Set<TokenMeasurements.Optional> { get }

    /// `[N]`; never differentiated.
    func callAsFunction(_ measurements: TokenMeasurements) -> Tensor
}

extension TokenScore {
    public var needs: Set<TokenMeasurements.Optional> { [] }
}

/// The student's own loss.
public struct LossScore: TokenScore {
    public init() {}
    public func callAsFunction(_ measurements: TokenMeasurements) -> Tensor { measurements.loss }
}

/// Loss minus reference loss (Lin et al. 2024, arXiv:2404.07965, equation 3).
public struct ExcessLossScore: TokenScore {
    public init() {}
    public var needs: Set<TokenMeasurements.Optional> { [.referenceLoss] }
    public func callAsFunction(_ measurements: TokenMeasurements) -> Tensor {
        measurements.loss - measurements.referenceLoss!
    }
}

/// The entropy of the student's prediction: where it is undecided.
public struct EntropyScore: TokenScore {
    public init() {}
    public var needs: Set<TokenMeasurements.Optional> { [.entropy] }
    public func callAsFunction(_ measurements: TokenMeasurements) -> Tensor { measurements.entropy! }
}

/// The scores that a recipe can name.
public enum TokenScoreRegistry {
    static let scores: [String: any TokenScore] = [
        "loss": LossScore(),
        "excessLoss": ExcessLossScore(),
        "entropy": EntropyScore(),
    ]

    public static var names: [String] { scores.keys.sorted() }

    /// - Throws: `SelectionError.unknownScore` with the known names.
    public static func score(named name: String) throws -> any TokenScore {
        guard let score = scores[name] else { throw SelectionError.unknownScore(name, known: names) }
        return score
    }
}
