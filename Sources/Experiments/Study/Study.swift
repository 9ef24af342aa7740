/// A matrix of runs that differ in what is studied and agree in everything else.
///
/// A study is a YAML file of five keys:
/// ```yaml
/// name: ratios
/// base: {training: {tokens: 60000}}           # a recipe, what all runs share
/// references:                                 # runs that others build on, trained first, in this order
///   curated: {data.train: curated}            # overrides of the base: dotted paths or nested sections
/// arms:                                       # the runs to compare, in the order of the tables
///   - {name: clm, selection.policy: all}
///   - {name: topk, selection: {policy: topK, reference: reference/curated}}
/// baseline: clm                               # the arm that the others are compared with
/// ```
public struct Study: Equatable, Sendable {
    /// A run of the matrix.
    public struct Arm: Equatable, Sendable {
        /// As in the arm's list, or `reference/NAME`; also the run's folder within the study's.
        public let name: String
        public let recipe: Recipe
    }

    /// What the study is called, and its folder.
    public let name: String
    /// The runs to train first; later runs may name them as `selection.reference` or `adapter.start`.
    public let references: [Arm]
    /// The runs to compare.
    public let arms: [Arm]
    /// The arm whose losses set the buckets' threshold, their 0.7 quantile.
    public let baseline: String
    /// Whether scores are tested on tokens known to be bad, before the first arm.
    public var groundTruth: GroundTruthRecipe?

    /// Every run in the order of training.
    public var matrix: [Arm] { references + arms }
}
