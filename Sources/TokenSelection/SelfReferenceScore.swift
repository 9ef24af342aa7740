import Torch

/// Low loss *and* low entropy under the reference: the rule for a reference that was trained on the corpus itself
/// (Lin et al. 2024, arXiv:2404.07965, "self-referencing"). What such a reference still finds hard or undecided is noise to it.
///
/// The paper intersects two sets, the tokens of lowest loss and those of lowest entropy, and doesn't say how large each is.
/// Here both grow together: a token's score is −max(rank of its loss, rank of its entropy) within its pool, so the top k are the
/// smallest such intersection that holds k tokens (of equals at its edge, those that the selector's rule for ties prefers).
/// A rank is the number of tokens that are strictly lower, so equal tokens have equal ranks.
public struct SelfReferenceScore: TokenScore {
    public init() {}
    public var needs: Set<TokenMeasurements.Optional> { [.referenceLoss, .referenceEntropy] }
    public var canBePositive: Bool { false }

    public func callAsFunction(_ measurements: TokenMeasurements) -> Tensor {
        let losses = Self.ranks(measurements.referenceLoss!.values())
        let entropies = Self.ranks(measurements.referenceEntropy!.values())
        return Tensor(zip(losses, entropies).map { -Double(max($0, $1)) }, on: measurements.loss.device)
    }

    private static func ranks(_ values: [Float]) -> [Int] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Int](repeating: 0, count: values.count)
        for (place, index) in order.enumerated() {
            let isTied = place > 0 && values[order[place - 1]] == values[index]
            ranks[index] = isTied ? ranks[order[place - 1]] : place
        }
        return ranks
    }
}
