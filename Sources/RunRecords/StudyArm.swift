extension StudyRecord {
    /// One configuration of a study, run under one or several seeds.
    public struct Arm: Codable, Sendable, Equatable {
        public enum Role: String, Codable, Sendable {
            /// Plain causal language modeling: what every other arm is compared with.
            case baseline
            case selection
            /// The baseline again with another data order or another initialisation and nothing else changed: how far apart two
            /// runs are by chance.
            case null
            /// Any other comparison, such as CLM on the curated text, or another arm's selection shuffled.
            case control
        }

        /// Unique in the study.
        public var name: String
        /// As the report calls it: "top-k 0.5".
        public var label: String
        public var role: Role
        /// Registry name of the score, where tokens are scored.
        public var score: String?
        /// Registry name of the policy: `all`, `topK`, `random`, `stochastic`.
        public var policy: String
        /// Share of the valid tokens that is selected; `nil` for `all`.
        public var ratio: Double?
        public var pool: String?
        /// As the report calls it: "base", "adapter trained on the tutorials".
        public var reference: String?
        /// The reference's key in `referenceTokenLosses`, where the study trained it or it is `base`.
        public var referenceName: String?
        /// One a seed, the smallest first.
        public var runs: [Run] = []

        public init(
            name: String, label: String, role: Role, score: String? = nil, policy: String, ratio: Double? = nil,
            pool: String? = nil, reference: String? = nil, referenceName: String? = nil, runs: [Run] = []
        ) {
            (self.name, self.label, self.role, self.score, self.policy) = (name, label, role, score, policy)
            (self.ratio, self.pool, self.reference, self.referenceName) = (ratio, pool, reference, referenceName)
            self.runs = runs
        }
    }

    /// An arm under one seed.
    public struct Run: Codable, Sendable, Equatable {
        /// Every token's loss on a split after some step.
        public struct Checkpoint: Codable, Sendable, Equatable {
            public var step: Int
            public var tokensSeen: Int
            /// Token-loss files by validation split.
            public var tokenLosses: [String: String]

            public init(step: Int, tokensSeen: Int, tokenLosses: [String: String]) {
                (self.step, self.tokensSeen, self.tokenLosses) = (step, tokensSeen, tokenLosses)
            }
        }

        /// Tokens of about one frequency, each time one was seen.
        public struct FrequencyCount: Codable, Sendable, Equatable {
            public var tokens: Int
            public var selected: Int

            public init(tokens: Int, selected: Int) { (self.tokens, self.selected) = (tokens, selected) }
        }

        /// Of the data order, the selection's noise and dropout.
        public var seed: UInt64
        /// Of a fresh adapter: which initialisation. `nil` where the run started from an adapter, or trained all weights.
        public var adapterSeed: UInt64?
        /// Its run directory, with `metrics.jsonl`.
        public var directory: String
        /// Its PEFT adapter folder at the end, where it trained an adapter.
        public var adapter: String?
        /// The adapter folder it started from; `nil` for PEFT's initialisation, which adds nothing (B = 0).
        public var startAdapter: String?
        /// Token-loss files at the end, by validation split.
        public var tokenLosses: [String: String] = [:]
        /// Token losses over the course of training, the end included, where the study keeps them.
        public var checkpoints: [Checkpoint] = []
        /// What was selected, step by step: the path of a `SelectionLog`.
        public var selections: String?
        /// What was selected by how often the token occurs in the training text: entry e is of 2ᵉ to 2ᵉ⁺¹ − 1 occurrences. `nil`
        /// where the run kept no selections.
        public var selectedByFrequency: [FrequencyCount]?
        /// At least the start (step 0) and the end, on every validation split.
        public var evaluations: [EvaluationRecord] = []
        /// Valid target tokens trained on.
        public var tokens = 0
        /// Of those, the ones that carried the loss.
        public var selectedTokens = 0
        /// Wall time of the optimizer steps alone.
        public var trainingSeconds = 0.0
        /// Wall time with loading, evaluation and checkpoints.
        public var wallSeconds = 0.0
        /// What the reference cost: its own training, charged whole to every run that uses it.
        public var referenceTrainingSeconds = 0.0
        /// Wall time of the reference's pass over the blocks that this run sees, also where an earlier run paid for it.
        public var referenceScoringSeconds = 0.0
        /// Why it has no end, where it failed: the sentence it ended with.
        public var failure: String?
        /// What is to be said of this run, such as that half its picks were filled at random.
        public var note: String?

        public init(seed: UInt64, directory: String) { (self.seed, self.directory) = (seed, directory) }

        /// The evaluation before the first step.
        public func start(on split: String) -> EvaluationRecord? {
            evaluations.first { $0.split == split && $0.step == 0 }
        }

        /// The evaluation after the last step; `nil` where the run has not been trained.
        public func end(on split: String) -> EvaluationRecord? {
            evaluations.filter { $0.split == split && $0.step > 0 }.max { $0.step < $1.step }
        }

        public var tokensPerSecond: Double? { trainingSeconds > 0 ? Double(tokens) / trainingSeconds : nil }

        /// Wall time of the steps and of all that the reference took.
        public var chargedSeconds: Double { trainingSeconds + referenceTrainingSeconds + referenceScoringSeconds }
    }
}
