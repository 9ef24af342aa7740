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
    /// What the held-out text is made of; a token each, the spaces included.
    var words = [
        "The", " matrix", " of", " a", " linear", " map", " has", " one", " column", " for", " each", " basis", " vector", ".",
        "\n", "sage", ":", " A", " =", " matrix", "([[", "1", ",", "2", "]])", "é", "", " rank", " is", " two",
    ]
    var claims: [Claim] = StudyFixture.defaultClaims

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
        var seeds: [UInt64] = [0, 1, 2]
        var adapterSeed: UInt64 = 0
        /// Times the baseline's tokens.
        var length = 1.0
    }

    static let defaultArms: [ArmPlan] = [
        .init(name: "clm", label: "CLM", role: .baseline, policy: "all", penalty: (0, 0)),
        .init(
            name: "clm-init", label: "CLM, another start", role: .null, policy: "all", penalty: (0.001, -0.001), seeds: [0],
            adapterSeed: 9),
        .init(
            name: "topk-0.5", label: "top-k 0.5", role: .selection, policy: "topK", ratio: 0.5, reference: "base",
            penalty: (0.081, 0.052)),
        .init(
            name: "topk-0.3", label: "top-k 0.3", role: .selection, policy: "topK", ratio: 0.3, reference: "base",
            penalty: (0.142, 0.097)),
        .init(name: "random-0.6", label: "random 0.6", role: .selection, policy: "random", ratio: 0.6, penalty: (0.012, 0.004)),
        .init(
            name: "stochastic-0.5", label: "stochastic 0.5", role: .selection, policy: "stochastic", ratio: 0.5,
            reference: "base", penalty: (0.018, 0.002)),
        .init(
            name: "topk-0.6-curated", label: "top-k 0.6, curated reference", role: .selection, policy: "topK", ratio: 0.6,
            reference: "curated", penalty: (0.024, -0.061)),
        .init(
            name: "clm-same-selected", label: "CLM, same selected tokens", role: .control, policy: "all", penalty: (0.031, 0.019),
            length: 0.6),
        .init(name: "clm-curated", label: "CLM on the curated text", role: .control, policy: "all", penalty: (0.21, -0.11)),
    ]

    static let defaultClaims: [Claim] = [
        .init(
            id: "target-falls", source: "Rho-1, arXiv:2404.07965", says: "Selection lowers the loss of the target domain.",
            measure: .lossDifference, arm: "topk-0.6-curated", control: "clm", split: "curated", upper: 0),
        .init(
            id: "cheap", source: "The replication", says: "Half the tokens cost less than one per cent of perplexity.",
            measure: .perplexityRatio, arm: "topk-0.5", control: "clm", split: "noisy", upper: 1.01),
        .init(
            id: "stochastic", source: "The replication", says: "Stochastic selection beats random selection.",
            measure: .lossDifference, arm: "stochastic-0.5", control: "random-0.6", split: "curated", upper: 0),
        .init(
            id: "champ", source: "Winnow", says: "Excess loss finds wrong steps.", measure: .aurocDifference,
            arm: "excess-curated",
            control: "loss", split: "swapped-words", lower: 0),
        .init(
            id: "later", source: "Rho-1, arXiv:2404.07965", says: "Self-reference helps.", measure: .lossDifference,
            arm: "self-0.6",
            control: "clm", split: "noisy", upper: 0),
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
        record.claims = claims
        record.quirks = [
            Quirk(
                setting: "selection.scoreWithDropout: true",
                why: "Tokens are scored with the dropout that training uses, so that two looks at one token disagree.")
        ]
        for split in ["noisy", "curated"] {
            try write(split, &record)
        }
        record.arms = try arms.enumerated().map { try StudyFixtureRun.write($1, index: $0, in: directory) }
        record.groundTruth = GroundTruthRecord.fileName
        try groundTruth.write(to: directory.appendingPathComponent(GroundTruthRecord.fileName))
        try record.write(to: directory)
        return record
    }

    /// The losses before training, those of a reference, and the text.
    private func write(_ split: String, _ record: inout StudyRecord) throws {
        let start = try StudyFixtureRun.startLosses(on: split)
        var reference = start
        var noise = Noise(seed: 77)
        reference.losses = reference.losses.map { max(0, $0 - Float(0.3 + 0.5 * noise.normal())) }
        for (folder, losses) in [("start", start), ("reference", reference)] {
            let url = directory.appendingPathComponent(folder)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            try TokenLossFile.write(losses, to: RunDirectory(url).tokenLosses(on: split))
        }
        record.startTokenLosses[split] = "start/token-losses-\(split).safetensors"
        record.referenceTokenLosses["base", default: [:]][split] = record.startTokenLosses[split]
        record.referenceTokenLosses["curated", default: [:]][split] = "reference/token-losses-\(split).safetensors"
        let pieces = (0..<4).map { block in
            (0..<Self.positions).map { words[($0 * 7 + block * 3) % words.count] }
        }
        try TokenTexts(split: split, blocks: pieces).write(
            to: directory.appendingPathComponent(TokenTexts.fileName(of: split)))
        record.viewerTexts[split] = TokenTexts.fileName(of: split)
    }

    private var groundTruth: GroundTruthRecord {
        func score(_ name: String, _ label: String, _ auroc: Double) -> GroundTruthRecord.Score {
            .init(
                name: name, label: label, auroc: auroc, lowerBound: auroc - 0.021, upperBound: auroc + 0.019,
                precision: [0.1, 0.3, 0.5].map { .init(ratio: $0, precision: min(1, 0.15 + (auroc - 0.5) * (0.9 - $0))) },
                againstLoss: name == "loss" ? nil : .init(value: auroc - 0.83, lowerBound: auroc - 0.84, upperBound: auroc - 0.81)
            )
        }
        let scores = [
            ("loss", "loss", 0.83), ("entropy", "entropy", 0.56),
            ("excess-curated", "loss − loss of the curated reference", 0.51),
        ]
        return GroundTruthRecord(
            student: "Test-135M before training",
            tests: [("swapped-words", "swapped words", 0.0), ("ocr", "OCR-like noise", 0.04)].map { name, label, gain in
                .init(
                    name: name, label: label, text: "Test data.", blocks: 96, tokens: 12_192, badTokens: 1830,
                    scores: scores.map { score($0.0, $0.1, $0.2 + gain) })
            })
    }

    private func split(
        _ name: String, _ label: String, _ role: StudyRecord.Split.Role, documents: Int, tokens: Int
    ) -> StudyRecord.Split {
        .init(
            name: name, label: label, role: role, documents: documents, tokens: tokens,
            hash: String(repeating: "0f", count: 32), source: "test data")
    }
}

extension StudyFixture {
    /// The default study with changes.
    init(directory: URL, _ change: (inout StudyFixture) -> Void = { _ in }) {
        self.init(directory: directory, arms: StudyFixture.defaultArms)
        change(&self)
    }
}
