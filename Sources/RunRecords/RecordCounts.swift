/// A record whose counts are added up by whoever reads it. They may come from a stranger's file, so they are checked as they
/// are read: a sum of such counts can't overflow.
protocol CountingRecord {
    /// Every count, under the key that holds it.
    var counts: [(key: String, value: Int)] { get }
}

extension CountingRecord {
    /// The first count that is negative, or more than any run reaches; in words.
    var countFlaw: String? {
        counts.first { !(0...1 << 40).contains($0.value) }.map { "`\($0.key)` is \($0.value), which counts nothing" }
    }
}

extension StepMetrics: CountingRecord {
    var counts: [(key: String, value: Int)] {
        [
            ("step", step), ("tokensSeen", tokensSeen), ("selectedTokensSeen", selectedTokensSeen), ("validTokens", validTokens),
            ("selectedTokens", selectedTokens), ("candidates", candidates ?? 0), ("filledAtRandom", filledAtRandom),
        ] + (selectedByScoreDecile ?? []).map { ("selectedByScoreDecile", $0) }
    }
}

extension EvaluationRecord: CountingRecord {
    var counts: [(key: String, value: Int)] { [("step", step), ("tokensSeen", tokensSeen), ("tokens", tokens)] }
}

extension GradientProbe: CountingRecord {
    var counts: [(key: String, value: Int)] { [("step", step), ("tokensSeen", tokensSeen)] }
}

extension MetricsLine: CountingRecord {
    var counts: [(key: String, value: Int)] {
        switch self {
        case .step(let metrics): metrics.counts
        case .evaluation(let record): record.counts
        case .probe(let probe): probe.counts
        }
    }
}

extension StudyRecord.Run: CountingRecord {
    var counts: [(key: String, value: Int)] {
        [("tokens", tokens), ("selectedTokens", selectedTokens)] + evaluations.flatMap(\.counts)
            + checkpoints.flatMap { [("step", $0.step), ("tokensSeen", $0.tokensSeen)] }
            + (selectedByFrequency ?? []).flatMap { [("tokens", $0.tokens), ("selected", $0.selected)] }
    }
}

extension StudyRecord: CountingRecord {
    var counts: [(key: String, value: Int)] {
        [
            ("parameters", model.parameters), ("trainableParameters", model.trainableParameters), ("blockLength", blockLength),
            ("threads", threads),
        ] + splits.flatMap { [("documents", $0.documents), ("tokens", $0.tokens)] } + arms.flatMap(\.runs).flatMap(\.counts)
    }
}

extension StudyRecord {
    /// More arms, runs, splits or claims than a study can have, in words: a report compares them in pairs, and draws for each claim.
    var sizeFlaw: String? {
        let sizes =
            [
                ("arms", arms.count, 256), ("splits", splits.count, 256), ("published", published.count, 256),
                ("claims", claims.count, 1024),
            ]
            + arms.map { ("runs", $0.runs.count, 256) }
        return sizes.first { $0.1 > $0.2 }.map { "`\($0.0)` has \($0.1) entries, of at most \($0.2)" }
    }
}
