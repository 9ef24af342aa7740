import Torch

/// Which tokens are taken: the k with the highest *keys*, a key being a perturbed score.
///
/// All of the field's hard selectors are this one rule; they differ in what perturbs the score.
public protocol SelectionPolicy: Sendable {
    /// Whether scores matter. Where they don't, none are computed for it.
    var usesScores: Bool { get }

    /// Whether a token's key depends on other tokens' scores. Where it doesn't, and tokens of several ranks compete, each rank asks
    /// about its own; the noise has to depend on places alone, as a tensor of random numbers does.
    var comparesTokens: Bool { get }

    /// One key a token, to be ranked descending.
    ///
    /// - Parameters:
    ///   - scores: `[N]`, float32, the valid tokens of one optimizer step or micro-batch, in order.
    ///   - noise: this step's own random stream.
    func keys(for scores: Tensor, noise: Generator) -> SelectionKeys
}

extension SelectionPolicy {
    public var usesScores: Bool { true }
    public var comparesTokens: Bool { true }
}

/// A policy whose noise doesn't depend on the scores, so that the host can draw it before there are any, and keys are then a function of
/// tensors alone: what a selection on the device is made of.
public protocol PerturbingPolicy: SelectionPolicy {
    /// What is drawn for `count` tokens, `[N]`, float64, on the host; `nil` where nothing is.
    func perturbation(of count: Int, from noise: Generator) -> Tensor?

    /// - Parameter perturbation: where the scores are.
    func keys(for scores: Tensor, perturbation: Tensor?) -> SelectionKeys
}

extension PerturbingPolicy {
    public func perturbation(of count: Int, from noise: Generator) -> Tensor? { nil }

    public func keys(for scores: Tensor, noise: Generator) -> SelectionKeys {
        keys(for: scores, perturbation: perturbation(of: scores.size(0), from: noise)?.moved(to: scores.device))
    }
}

/// The ranking that a policy proposes.
public struct SelectionKeys {
    /// `[N]`
    public var keys: Tensor
    /// Which tokens the policy wants at all, `[N]` Bool; `nil` where it wants any. The selector ranks the others below them,
    /// whatever their keys, and counts picking one as a fill.
    public var candidates: Tensor?

    public init(_ keys: Tensor, candidates: Tensor? = nil) { (self.keys, self.candidates) = (keys, candidates) }
}

/// Every token, as plain causal language modeling does: the ratio must be 1.
public struct AllTokensPolicy: PerturbingPolicy {
    public init() {}
    public var comparesTokens: Bool { false }
    public var usesScores: Bool { false }
    public func keys(for scores: Tensor, perturbation: Tensor?) -> SelectionKeys { SelectionKeys(scores) }
}

/// The highest scores as they are (Lin et al. 2024, arXiv:2404.07965, equations 4 and 5).
public struct TopKPolicy: PerturbingPolicy {
    public init() {}
    public var comparesTokens: Bool { false }
    public func keys(for scores: Tensor, perturbation: Tensor?) -> SelectionKeys { SelectionKeys(scores) }
}

/// A uniformly random subset: the control for any other policy.
public struct RandomPolicy: PerturbingPolicy {
    public init() {}
    public var comparesTokens: Bool { false }
    public var usesScores: Bool { false }

    public func perturbation(of count: Int, from noise: Generator) -> Tensor? { noise.uniform([count], dtype: .float64) }

    public func keys(for scores: Tensor, perturbation: Tensor?) -> SelectionKeys { SelectionKeys(perturbation!) }
}

/// Draws without replacement with probability proportional to the positive part of the score.
///
/// Adding Gumbel noise to the log-weights and taking the top k is exactly that (Kool et al. 2019, arXiv:1903.06059).
/// Tokens of weight 0 rank last, among themselves at random, so that fewer positive weights than k never fails.
public struct StochasticPolicy: PerturbingPolicy {
    public init() {}
    public var comparesTokens: Bool { false }

    public func perturbation(of count: Int, from noise: Generator) -> Tensor? {
        // −log(−log u); u = 0 would be −∞, which would tie with another.
        let uniform: Tensor = Operator.clampMinimum(noise.uniform([count], dtype: .float64), 1e-300)
        return -(-uniform.logarithm()).logarithm()
    }

    public func keys(for scores: Tensor, perturbation: Tensor?) -> SelectionKeys {
        let weights: Tensor = Operator.clampMinimum(scores.converted(to: .float64), 0)
        let candidates: Tensor = Operator.greaterThan(weights, 0)
        // Weight 0 has no logarithm; such tokens are no candidates and rank among themselves by the noise alone.
        let zeros = Tensor.zeros(scores.shape, dtype: .float64, on: scores.device)
        let logWeights: Tensor = Operator.whereSelf(candidates, weights.logarithm(), zeros)
        return SelectionKeys(logWeights + perturbation!, candidates: candidates)
    }
}

/// The policies that a recipe can name.
public enum SelectionPolicyRegistry {
    static let policies: [String: any SelectionPolicy] = [
        "all": AllTokensPolicy(),
        "topK": TopKPolicy(),
        "random": RandomPolicy(),
        "stochastic": StochasticPolicy(),
    ]

    public static var names: [String] { policies.keys.sorted() }

    /// - Throws: `SelectionError.unknownPolicy` with the known names.
    public static func policy(named name: String) throws -> any SelectionPolicy {
        guard let policy = policies[name] else { throw SelectionError.unknownPolicy(name, known: names) }
        return policy
    }
}
