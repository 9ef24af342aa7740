import Checkpoints
import Foundation
import RunRecords

/// Writes the runs of a `StudyFixture`.
struct StudyFixtureRun {
    private let plan: StudyFixture.ArmPlan
    private let index: Int
    private let seed: UInt64
    private let run: RunDirectory
    private var outcome: StudyRecord.Run

    static func write(_ plan: StudyFixture.ArmPlan, index: Int, in directory: URL) throws -> StudyRecord.Arm {
        var arm = StudyRecord.Arm(
            name: plan.name, label: plan.label, role: plan.role,
            score: plan.policy == "topK" || plan.policy == "stochastic" ? "excessLoss" : nil, policy: plan.policy,
            ratio: plan.ratio,
            pool: plan.policy == "all" ? nil : "microBatch", reference: plan.reference, referenceName: plan.reference)
        arm.runs = try plan.seeds.map { try StudyFixtureRun(plan, index, $0, in: directory).written() }
        return arm
    }

    private init(_ plan: StudyFixture.ArmPlan, _ index: Int, _ seed: UInt64, in directory: URL) throws {
        (self.plan, self.index, self.seed) = (plan, index, seed)
        outcome = StudyRecord.Run(seed: seed, directory: "\(plan.name)/seed-\(seed)")
        outcome.adapterSeed = plan.adapterSeed
        run = try RunDirectory.open(directory.appendingPathComponent(outcome.directory), .new)
    }

    private var steps: Int { Int(plan.length * Double(StudyFixture.steps)) }

    private consuming func written() throws -> StudyRecord.Run {
        for (split, penalty) in [("noisy", plan.penalty.0), ("curated", plan.penalty.1)] {
            let start = try Self.startLosses(on: split)
            let end = try endLosses(start, penalty: penalty, split: split)
            try TokenLossFile.write(end, to: run.tokenLosses(on: split))
            outcome.tokenLosses[split] = "\(outcome.directory)/token-losses-\(split).safetensors"
            for step in stride(from: 0, through: steps, by: steps / 4) {
                var now = end
                // An exponential approach from the shared start to the end.
                let left = Float((exp(-3 * Double(step) / Double(steps)) - exp(-3)) / (1 - exp(-3)))
                now.losses = zip(start.losses, end.losses).map { $1 + left * ($0 - $1) }
                let mean = zip(now.losses, now.mask).reduce(0.0) { $0 + ($1.1 ? Double($1.0) : 0) } / Double(now.count)
                let seen = step * StudyFixture.tokensPerStep
                outcome.evaluations.append(
                    EvaluationRecord(
                        step: step, tokensSeen: seen, split: split, loss: mean, tokens: now.count, batchMeanLoss: mean + 0.00031,
                        seconds: 4))
                guard (2 * step) % steps == 0 else { continue }
                let file = "token-losses-\(split)-step-\(step).safetensors"
                try TokenLossFile.write(now, to: run.url.appendingPathComponent(file))
                let path = "\(outcome.directory)/\(file)"
                if let known = outcome.checkpoints.firstIndex(where: { $0.step == step }) {
                    outcome.checkpoints[known].tokenLosses[split] = path
                } else {
                    outcome.checkpoints.append(.init(step: step, tokensSeen: seen, tokenLosses: [split: path]))
                }
            }
        }
        try writeMetrics()
        try writeAdapter()
        if plan.role == .selection { try writeSelections() }
        outcome.adapter = outcome.directory
        return outcome
    }

    /// Blocks with a difficulty of their own.
    static func startLosses(on split: String) throws -> TokenLosses {
        var noise = Noise(seed: split == "noisy" ? 3 : 4)
        let base = split == "noisy" ? 3.4 : 3.1
        var losses: [Float] = []
        for _ in 0..<StudyFixture.blocks {
            let difficulty = 0.3 * noise.normal()
            for _ in 0..<StudyFixture.positions {
                losses.append(Float(max(0.6, base + difficulty - log(noise.uniform() * noise.uniform()) - 2)))
            }
        }
        return try TokenLosses(
            rows: StudyFixture.blocks, positions: StudyFixture.positions, losses: losses,
            mask: losses.indices.map { $0 % StudyFixture.positions > 0 })
    }

    /// What a seed does to every arm alike, the arm's own penalty, and a little noise that is the run's own.
    private func endLosses(_ start: TokenLosses, penalty: Double, split: String) throws -> TokenLosses {
        var shared = Noise(seed: 1000 + seed)
        var own = Noise(seed: 100 + 17 * UInt64(index) + 1009 * seed)
        var end = start
        let shift = 0.003 * own.normal()
        for block in 0..<StudyFixture.blocks {
            let blockShift = 0.01 * own.normal()
            for position in 0..<StudyFixture.positions {
                let token = block * StudyFixture.positions + position
                let change = -0.5 + 0.35 * shared.normal() + penalty + shift + blockShift + 0.12 * own.normal()
                end.losses[token] = max(0, end.losses[token] + Float(change))
            }
        }
        return end
    }

    private mutating func writeMetrics() throws {
        var shared = Noise(seed: 9 + seed)
        var own = Noise(seed: UInt64(200 + index) + 31 * seed)
        let log = try MetricsLog.create(at: run.metrics)
        let perStep = StudyFixture.tokensPerStep
        let selected = max(1, Int((plan.ratio ?? 1) * Double(perStep)))
        for step in 0...steps {
            if step > 0 {
                let progress = 1 - exp(-3 * Double(step) / Double(StudyFixture.steps))
                let loss = 3.4 - 0.45 * progress + 0.12 * shared.normal() + plan.penalty.0 * progress + 0.01 * own.normal()
                let metrics = StepMetrics(
                    step: step, tokensSeen: step * perStep, selectedTokensSeen: step * selected, validTokens: perStep,
                    selectedTokens: selected, loss: loss, selectedLoss: plan.policy == "topK" ? loss + 0.4 : loss,
                    gradientNorm: 0.6,
                    learningRate: 1e-4, candidates: plan.policy == "stochastic" ? perStep * 2 / 5 : nil,
                    filledAtRandom: plan.policy == "stochastic" ? max(0, selected - perStep * 2 / 5) : 0,
                    tied: step == 1 && plan.reference == "base",
                    selectedByScoreDecile: plan.policy == "topK" ? Self.deciles(selected, of: perStep) : nil,
                    seconds: 2.4 + 0.1 * own.uniform())
                try log.append(.step(metrics))
                outcome.tokens += metrics.validTokens
                outcome.selectedTokens += metrics.selectedTokens
                outcome.trainingSeconds += metrics.seconds
            }
            for record in outcome.evaluations where record.step == step { try log.append(.evaluation(record)) }
            if plan.role == .selection, step % 15 == 0 {
                let cosine = 0.5 + 0.4 * (plan.ratio ?? 1) + 0.02 * own.normal()
                try log.append(
                    .probe(
                        .init(
                            step: step, tokensSeen: step * perStep, blocks: 8, cosine: min(1, cosine), selectedNorm: 0.9,
                            allNorm: 0.7)))
            }
        }
        if plan.reference != nil { outcome.referenceScoringSeconds = 41 }
        if plan.reference == "curated" { outcome.referenceTrainingSeconds = 120 }
        outcome.wallSeconds = outcome.trainingSeconds + 31
    }

    /// The highest tenths are taken whole.
    private static func deciles(_ selected: Int, of valid: Int) -> [Int] {
        (0..<10).map { max(0, min(valid / 10, selected - (9 - $0) * (valid / 10))) }
    }

    /// Ten steps of four blocks; of two policies with one seed about half the picks are the same.
    private mutating func writeSelections() throws {
        let (length, blocks) = (StudyFixture.positions, 4)
        let file = run.url.appendingPathComponent(RunDirectory.selectionsName)
        let log = try SelectionLog.create(
            at: file, layout: .init(blockLength: length, blocksPerStep: blocks, dataHash: String(repeating: "0f", count: 32)))
        var shared = Noise(seed: 500 + seed)
        var own = Noise(seed: 600 + UInt64(index))
        for step in 1...10 {
            let marks = (0..<blocks * length).map { place in
                let score = 0.5 * shared.uniform() + 0.5 * own.uniform() + 0.1 * Double(place % length) / Double(length)
                return place % length > 0 && score > 1 - (plan.ratio ?? 1)
            }
            try log.append(
                SelectionStep(step: step, blockIndices: (0..<blocks).map { (step % 8) * blocks + $0 }, selected: marks))
        }
        outcome.selectedByFrequency = (0..<12).map {
            StudyRecord.Run.FrequencyCount(tokens: 40 * $0, selected: 40 * $0 * ($0 + 4) / 24)
        }
        outcome.selections = "\(outcome.directory)/\(RunDirectory.selectionsName)"
    }

    /// One A an initialisation, as arms share it; Bs that share a direction.
    private func writeAdapter() throws {
        var (initial, common) = (Noise(seed: 50 + plan.adapterSeed), Noise(seed: 60))
        var own = Noise(seed: 300 + UInt64(index) + 97 * seed)
        var modules: [String: LowRankPair] = [:]
        for layer in 0..<2 {
            for (name, input, output) in [("q_proj", 24, 24), ("down_proj", 48, 24)] {
                let a = (0..<4 * input).map { _ in Float(initial.normal()) }
                let b = (0..<output * 4).map { _ in
                    Float(0.02 * common.normal() + 0.01 * (0.3 + 0.2 * Double(index)) * own.normal())
                }
                modules["model.layers.\(layer).\(name)"] = LowRankPair(a: a, b: b, rank: 4)
            }
        }
        try AdapterFolder(
            configuration: AdapterConfiguration(rank: 4, alpha: 8, targetModules: .names(["q_proj", "down_proj"])),
            modules: modules
        ).write(to: run.url)
    }
}

/// Reproducible noise: SplitMix64.
struct Noise {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    /// In (0, 1].
    mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return (Double((word ^ (word >> 31)) >> 11) + 1) * 0x1p-53
    }

    mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
}
