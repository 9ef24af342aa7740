import Foundation

/// Whether a loss is the loss of the token it stands at.
///
/// Of SmolLM2-135M on 48 blocks of each default corpus, right and with unshifted labels (the same logits):
///
/// | statistic | right | unshifted |
/// |---|---|---|
/// | mean, where guessing among 49152 tokens gives 10.8 | 2.7, 2.8 | 10.6, 11.3 |
/// | share of losses below 0.1 | 13 %, 15 % | 0.4 %, 0.6 % |
/// | mean where a token repeats the one before it, and where it is about to be repeated | 0.9 and 1.4 | 8.9 and 0.9 |
/// | correlation with the rarity of the token at t, and at t + 1 | 0.47 and 0.11 | 0.13 and 0.08 |
extension TokenLossAudit {
    /// The loss of token t under the prediction for token t + 1: labels that weren't shifted, the replication's fault.
    func unshifted() -> Finding? {
        // Losses one place too early also are low before a repetition.
        guard let meanLoss, let foreseenShare, tokens >= Self.fewestTokens, displaced() == nil else { return nil }
        // Without ids the smallest vocabulary in use.
        let vocabularySize = losses.inputIDs.map { Int($0.max() ?? 0) + 1 } ?? 32_000
        let guessing = log(Double(vocabularySize))
        let isLikeGuessing = meanLoss > guessing - 1 && foreseenShare < 0.02
        let repeats = repeatedTokens()
        guard isLikeGuessing || repeats?.isUnshifted == true else { return nil }
        var evidence = [
            String(
                format: "the mean is %.2f nats, guessing evenly among %d tokens is %.2f, and %.1f %% of the tokens were foreseen",
                meanLoss, vocabularySize, guessing, 100 * foreseenShare)
        ]
        if let repeats {
            evidence.append(
                String(
                    format: "where a token repeats the one before it the loss is %.2f, one place earlier %.2f", repeats.at,
                    repeats.before))
        }
        return Finding(
            kind: .unshifted, severity: .error,
            sentence: "The losses look as if labels weren't shifted: \(evidence.joined(separator: "; ")).", count: tokens,
            remedy: "Compare the logits at t − 1 with the token at t (an untrained model gives such a mean too).")
    }

    /// Losses that stand one place beside their tokens.
    func displaced() -> Finding? {
        guard let ids = losses.inputIDs, tokens >= Self.fewestTokens else { return nil }
        let counts = ids.reduce(into: [Int32: Int]()) { $0[$1, default: 0] += 1 }
        let rarity = ids.map { -log(Double(counts[$0]!)) }
        func correlation(_ offset: Int) -> Double {
            let places = losses.mask.indices.filter {
                losses.mask[$0] && losses.losses[$0].isFinite && (0..<positions).contains($0 % positions + offset)
            }
            return Self.correlation(places.map { Double(losses.losses[$0]) }, places.map { rarity[$0 + offset] })
        }
        let own = correlation(0)
        guard let (offset, best) = [-1, 1].map({ ($0, correlation($0)) }).max(by: { $0.1 < $1.1 }), best > 0.25, best > 2 * own
        else { return nil }
        return Finding(
            kind: .displaced, severity: .error,
            sentence: String(
                format:
                    "The losses stand one place too %@: they follow the rarity of the token %@ theirs (correlation %.2f, with their "
                    + "own token's %.2f).",
                offset > 0 ? "early" : "late", offset > 0 ? "after" : "before", best, own),
            count: tokens,
            remedy:
                "Put the loss of predicting token t at position t: move each row one place to the \(offset > 0 ? "right" : "left")."
        )
    }

    /// Fewer losses say nothing of a mean or a correlation.
    private static var fewestTokens: Int { 100 }

    /// Mean loss where a token equals the one before it, and at the place before. Read with the right labels the first is
    /// low; with unshifted ones the second is, since there the model foresees the very token it has just read.
    private func repeatedTokens() -> (at: Double, before: Double, isUnshifted: Bool)? {
        guard let ids = losses.inputIDs else { return nil }
        let places = losses.mask.indices.filter {
            $0 % positions > 0 && ids[$0] == ids[$0 - 1] && losses.mask[$0] && losses.mask[$0 - 1]
                && losses.losses[$0].isFinite && losses.losses[$0 - 1].isFinite
        }
        guard places.count >= 20 else { return nil }
        func mean(_ offset: Int) -> Double {
            places.reduce(0) { $0 + Double(losses.losses[$1 + offset]) } / Double(places.count)
        }
        let (at, before) = (mean(0), mean(-1))
        return (at, before, before < at / 2 && before < meanLoss! / 2)
    }

    /// Pearson's; 0 where one side doesn't vary.
    private static func correlation(_ first: [Double], _ second: [Double]) -> Double {
        let count = Double(first.count)
        guard count > 0 else { return 0 }
        let (meanFirst, meanSecond) = (first.reduce(0, +) / count, second.reduce(0, +) / count)
        var (product, squareFirst, squareSecond) = (0.0, 0.0, 0.0)
        for (a, b) in zip(first, second) {
            product += (a - meanFirst) * (b - meanSecond)
            squareFirst += (a - meanFirst) * (a - meanFirst)
            squareSecond += (b - meanSecond) * (b - meanSecond)
        }
        return squareFirst > 0 && squareSecond > 0 ? product / (squareFirst * squareSecond).squareRoot() : 0
    }
}
