import Checkpoints
import Foundation
import RunRecords

/// A study directory made of synthetic numbers, written through the code that writes a real one.
///
/// The title, the model and every source say that it is test data, so that no picture of it passes for a result.
struct StudyFixture {
    let directory: URL
    var arms: [ArmPlan] = StudyFixture.defaultArms
    var title = "Synthetic test study"
    var modelNote: String? = "test data: no model was trained"

    /// What makes an arm different: how far its losses end from the baseline's.
    struct ArmPlan {
        var name: String
        var label: String
        var role: StudyRecord.Arm.Role
        var policy: String
        var ratio: Double?
        var reference: String?
        /// Nats over the baseline at the end, noisy and curated.
        var penalty: (Double, Double)
        var seed: UInt64
    }

    static let defaultArms: [ArmPlan] = [
        .init(name: "clm", label: "CLM", role: .baseline, policy: "all", penalty: (0, 0), seed: 1),
        .init(name: "null", label: "CLM, other order", role: .null, policy: "all", penalty: (0.001, -0.001), seed: 2),
        .init(
            name: "topk-0.5", label: "top-k 0.5", role: .selection, policy: "topK", ratio: 0.5, reference: "base",
            penalty: (0.081, 0.052), seed: 1),
        .init(
            name: "topk-0.3", label: "top-k 0.3", role: .selection, policy: "topK", ratio: 0.3, reference: "base",
            penalty: (0.142, 0.097), seed: 1),
        .init(
            name: "random-0.5", label: "random 0.5", role: .selection, policy: "random", ratio: 0.5, penalty: (0.012, 0.004),
            seed: 1),
        .init(
            name: "random-0.3", label: "random 0.3", role: .selection, policy: "random", ratio: 0.3, penalty: (0.031, 0.016),
            seed: 1),
        .init(
            name: "stochastic-0.5", label: "stochastic 0.5", role: .selection, policy: "stochastic", ratio: 0.5,
            reference: "base", penalty: (0.018, 0.002), seed: 1),
        .init(
            name: "stochastic-0.3", label: "stochastic 0.3", role: .selection, policy: "stochastic", ratio: 0.3,
            reference: "base", penalty: (0.046, 0.027), seed: 1),
        .init(
            name: "rho-0.6", label: "top-k 0.6, curated reference", role: .selection, policy: "topK", ratio: 0.6,
            reference: "adapter trained on the tutorials", penalty: (0.024, -0.061), seed: 1),
    ]

    static let steps = 60
    static let tokensPerStep = 1016
    static let blocks = 48
    static let positions = 64

    /// Writes the study and every file it points at.
    @discardableResult
    func write() throws -> StudyRecord {
        var record = StudyRecord(
            title: title,
            summary: """
                Synthetic numbers that exercise the report. In a real study this paragraph says what is compared and what is the \
                same in every arm: the start, the blocks, their order and the number of tokens.
                """,
            recipe: "# test data\nmodel: default\nadapter:\n  rank: 16\n  alpha: 32\narms:\n  - {name: clm, policy: all}\n",
            model: .init(
                name: "Test-135M", hash: String(repeating: "ab12", count: 16), parameters: 134_515_008,
                trainableParameters: 4_884_480, note: modelNote),
            splits: [
                split("train", "reference manual", .training, documents: 1893, tokens: 12_800_000),
                split("tutorials", "tutorials", .reference, documents: 171, tokens: 396_000),
                split("noisy", "held-out manual pages", .validation, documents: 99, tokens: 64_000),
                split("curated", "held-out tutorials", .validation, documents: 19, tokens: 44_000),
            ],
            blockLength: 128, versions: ["winnow": "0.1.0", "libtorch": "2.13.0+cpu", "swift": "6.3.1"],
            device: "cpu (test data)", threads: 2, startedAt: Date(timeIntervalSince1970: 1_800_000_000),
            finishedAt: Date(timeIntervalSince1970: 1_800_001_494), wallSeconds: 1494, arms: [],
            published: [.tinyLlamaReplication])
        record.arms = try arms.enumerated().map { try write($1, index: $0) }
        try record.write(to: directory)
        return record
    }

    private func split(
        _ name: String, _ label: String, _ role: StudyRecord.Split.Role, documents: Int, tokens: Int
    ) -> StudyRecord.Split {
        .init(
            name: name, label: label, role: role, documents: documents, tokens: tokens,
            hash: String(repeating: "0f", count: 32), source: "test data")
    }

    private func write(_ plan: ArmPlan, index: Int) throws -> StudyRecord.Arm {
        var arm = StudyRecord.Arm(
            name: plan.name, label: plan.label, role: plan.role, score: plan.policy == "all" ? nil : "excessLoss",
            policy: plan.policy, ratio: plan.ratio, pool: plan.policy == "all" ? nil : "microBatch",
            reference: plan.reference)
        var outcome = StudyRecord.Run(seed: plan.seed, directory: plan.name)
        let run = try RunDirectory.open(directory.appendingPathComponent(plan.name), .new)
        for (split, penalty, base) in [("noisy", plan.penalty.0, 2.9), ("curated", plan.penalty.1, 2.6)] {
            let losses = try tokenLosses(base: base, penalty: penalty, arm: index, split: split)
            try TokenLossFile.write(losses, to: run.tokenLosses(on: split))
            outcome.tokenLosses[split] = "\(plan.name)/\(run.tokenLosses(on: split).lastPathComponent)"
            let end = zip(losses.losses, losses.mask).reduce(0.0) { $0 + ($1.1 ? Double($1.0) : 0) } / Double(losses.count)
            for step in stride(from: 0, through: Self.steps, by: 15) {
                // An exponential approach from the shared start to the end that the token losses have.
                let left = (exp(-3 * Double(step) / Double(Self.steps)) - exp(-3)) / (1 - exp(-3))
                outcome.evaluations.append(
                    EvaluationRecord(
                        step: step, tokensSeen: step * Self.tokensPerStep, split: split, loss: end + left * (base + 0.5 - end),
                        tokens: losses.count, seconds: 4))
            }
        }
        try writeMetrics(plan, outcome.evaluations, to: run, outcome: &outcome, index: index)
        try writeAdapter(index: index, seed: plan.seed, to: run.url)
        outcome.adapter = plan.name
        arm.runs = [outcome]
        return arm
    }

    /// Blocks with a difficulty of their own, which all arms share, and a little noise, which they don't.
    private func tokenLosses(base: Double, penalty: Double, arm: Int, split: String) throws -> TokenLosses {
        var shared = Noise(seed: split == "noisy" ? 3 : 4)
        var own = Noise(seed: UInt64(100 + arm))
        var losses: [Float] = []
        for _ in 0..<Self.blocks {
            let difficulty = 0.3 * shared.normal()
            let shift = 0.02 * own.normal()
            for _ in 0..<Self.positions {
                let token = base + difficulty - log(shared.uniform() * shared.uniform()) - 2
                losses.append(Float(max(0, token + (arm == 0 ? 0 : penalty + shift + 0.15 * own.normal()))))
            }
        }
        let mask = (0..<losses.count).map { $0 % Self.positions > 0 }
        return try TokenLosses(rows: Self.blocks, positions: Self.positions, losses: losses, mask: mask)
    }

    private func writeMetrics(
        _ plan: ArmPlan, _ evaluations: [EvaluationRecord], to run: RunDirectory, outcome: inout StudyRecord.Run, index: Int
    ) throws {
        var shared = Noise(seed: 9)
        var own = Noise(seed: UInt64(200 + index))
        let log = try MetricsLog.create(at: run.metrics)
        let selected = max(1, Int((plan.ratio ?? 1) * Double(Self.tokensPerStep)))
        for step in 0...Self.steps {
            if step > 0 {
                let progress = 1 - exp(-3 * Double(step) / Double(Self.steps))
                let loss = 3.4 - 0.45 * progress + 0.12 * shared.normal() + plan.penalty.0 * progress + 0.01 * own.normal()
                let metrics = StepMetrics(
                    step: step, tokensSeen: step * Self.tokensPerStep, selectedTokensSeen: step * selected,
                    validTokens: Self.tokensPerStep, selectedTokens: selected, loss: loss,
                    selectedLoss: plan.policy == "topK" ? loss + 0.4 : loss, gradientNorm: 0.6, learningRate: 1e-4,
                    candidates: plan.policy == "stochastic" ? Self.tokensPerStep * 2 / 5 : nil,
                    filledAtRandom: plan.policy == "stochastic" ? max(0, selected - Self.tokensPerStep * 2 / 5) : 0,
                    tied: step == 1 && plan.reference == "base", seconds: 2.4 + 0.1 * own.uniform())
                try log.append(.step(metrics))
                outcome.tokens += metrics.validTokens
                outcome.selectedTokens += metrics.selectedTokens
                outcome.trainingSeconds += metrics.seconds
            }
            for record in evaluations where record.step == step { try log.append(.evaluation(record)) }
        }
        outcome.wallSeconds = outcome.trainingSeconds + 31
    }

    /// One A for every arm, as a shared initialisation gives; Bs that share a direction.
    private func writeAdapter(index: Int, seed: UInt64, to folder: URL) throws {
        var (initial, common, own) = (Noise(seed: 50), Noise(seed: 60), Noise(seed: 300 + UInt64(index)))
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
        ).write(to: folder)
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
