/// Figures somebody else published, which a report sets beside its own.
public struct PublishedStudy: Codable, Sendable, Equatable {
    public struct Perplexity: Codable, Sendable, Equatable {
        /// The published name of the arm.
        public var arm: String
        /// Winnow's name of the policy (`all`, `topK`, `random`, `stochastic`): what an arm is matched by, with the ratio.
        public var policy: String
        public var ratio: Double?
        public var perplexity: Double
    }

    public struct Cosine: Codable, Sendable, Equatable {
        public var first: String
        public var second: String
        public var cosine: Double
    }

    /// Shares of all tokens, 0…1.
    public struct BucketMovement: Codable, Sendable, Equatable {
        public var arm: String
        public var highToLow: Double
        public var lowToHigh: Double
    }

    public var title: String
    /// Model, corpus, machine, hyperparameters.
    public var setting: String
    public var perplexities: [Perplexity]
    public var cosines: [Cosine]
    public var bucketMovements: [BucketMovement]
    /// Slowest and fastest published, in training tokens a second.
    public var tokensPerSecond: [Double]
    /// What is known to be wrong with the figures, a sentence each.
    public var faults: [String]

    public init(
        title: String, setting: String, perplexities: [Perplexity], cosines: [Cosine], bucketMovements: [BucketMovement],
        tokensPerSecond: [Double], faults: [String]
    ) {
        (self.title, self.setting, self.perplexities) = (title, setting, perplexities)
        (self.cosines, self.bucketMovements) = (cosines, bucketMovements)
        (self.tokensPerSecond, self.faults) = (tokensPerSecond, faults)
    }

    public func perplexity(policy: String, ratio: Double?) -> Double? {
        perplexities.first { $0.policy == policy && $0.ratio == ratio }?.perplexity
    }
}

extension PublishedStudy {
    /// The replication that the default study repeats with its faults mended.
    public static let tinyLlamaReplication = PublishedStudy(
        title: "The replication of Rho-1 with TinyLlama-1.1B",
        setting: """
            TinyLlama-1.1B, about ten thousand OpenWebMath documents, LoRA of rank 16, AdamW at 1e-4, blocks of 128, \
            bfloat16, RTX 4060 8 GB. The baseline is one epoch (5.9 M tokens); each selection run starts from the \
            baseline's adapter and adds one more epoch.
            """,
        perplexities: [
            Perplexity(arm: "baseline", policy: "all", ratio: nil, perplexity: 9.89),
            Perplexity(arm: "top-k", policy: "topK", ratio: 0.5, perplexity: 11.40),
            Perplexity(arm: "stochastic", policy: "stochastic", ratio: 0.5, perplexity: 10.04),
            Perplexity(arm: "random", policy: "random", ratio: 0.5, perplexity: 10.05),
            Perplexity(arm: "stochastic", policy: "stochastic", ratio: 0.3, perplexity: 11.17),
            Perplexity(arm: "top-k", policy: "topK", ratio: 0.3, perplexity: 11.53),
        ],
        cosines: [
            Cosine(first: "baseline", second: "top-k", cosine: 0.9116),
            Cosine(first: "baseline", second: "random", cosine: 0.9317),
            Cosine(first: "baseline", second: "stochastic", cosine: 0.9304),
            Cosine(first: "top-k", second: "random", cosine: 0.8763),
            Cosine(first: "top-k", second: "stochastic", cosine: 0.9020),
            Cosine(first: "random", second: "stochastic", cosine: 0.9109),
        ],
        bucketMovements: [
            BucketMovement(arm: "top-k", highToLow: 0.0243, lowToHigh: 0.0285),
            BucketMovement(arm: "random", highToLow: 0.0107, lowToHigh: 0.0348),
            BucketMovement(arm: "stochastic", highToLow: 0.0137, lowToHigh: 0.0216),
        ],
        tokensPerSecond: [1209, 1443],
        faults: [
            "Token losses were collected without shifting the labels (their mean is 11.2 where the loss is 2.3), so the bucket shares are void.",
            "Two of its claims about buckets contradict its own numbers: random, not top-k, has the most L→H; top-k, not stochastic, has the most H→L.",
            "The reference is the bare base model and the student starts from the adapted one: positive excess marks what the adapter damaged.",
            "The selection runs are a second epoch, and there is no run that simply continued CLM for that epoch.",
            "The baseline ran in bfloat16, the selection runs over an int8 base.",
            "One seed, and no interval on any figure.",
            "Cosines are over the raw A and B matrices, which share a start: that alone keeps them near 1.",
            "Dropout was active while tokens were scored.",
            "Validation loss is a mean of batch means, not a mean over tokens.",
            "It concludes that hard selection harms; the paper's result is top-k, with a good reference.",
        ])
}
