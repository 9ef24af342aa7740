/// A matrix of runs that differ in what is studied and agree in everything else.
///
/// A study is a YAML file:
/// ```yaml
/// name: ratios
/// title: How few tokens will do?              # heads the report; the name, where there is none
/// seeds: [0, 1, 2]                            # every arm is run once under each
/// base: {training: {tokens: 60000}}           # a recipe, what all runs share
/// references:                                 # runs that others build on, trained first, in this order, under one seed
///   curated: {data.train: curated}            # overrides of the base: dotted paths or nested sections
/// arms:                                       # the configurations to compare, in the order of the tables
///   - {name: clm, selection.policy: all}
///   - {name: topk, selection: {policy: topK, reference: reference/curated}}
///   - {name: same-cost, label: "CLM, same seconds", selection.policy: all, matching: {arm: topk, by: seconds}, seeds: [0]}
/// baseline: clm                               # the arm that the others are compared with
/// claims: standard                            # what is to be decided: `standard`, `none`, or a file like claims.yaml
/// groundTruth: {tokens: 12288}                # do scores find tokens known to be bad? See GroundTruthRecipe
/// ```
public struct Study: Equatable, Sendable {
    /// A configuration, run under one or several seeds.
    public struct Arm: Equatable, Sendable {
        public let name: String
        /// As tables and figures call it; nil for what its selection says.
        public let label: String?
        /// Under the first of its seeds.
        public let recipe: Recipe
        /// Of the data order, a selection's noise and dropout; ascending. A fresh adapter is the same under all of them.
        public let seeds: [Int]
        /// What another arm has to do with how long this one trains.
        public let matching: Matching?
        /// Whether seeds are listed, so that a seed more is a folder more.
        let isSeeded: Bool

        /// The arm under one of its seeds.
        func run(seed: Int) -> StudyRun {
            var recipe = recipe
            recipe.training.seed = seed
            return StudyRun(name: isSeeded ? "\(name)/seed-\(seed)" : name, arm: name, recipe: recipe, matching: matching)
        }
    }

    /// What the study is called, and its folder.
    public let name: String
    /// Heads the report.
    public let title: String
    /// The runs to train first; later runs may name them as `selection.reference` or `adapter.start`.
    public let references: [StudyRun]
    public let arms: [Arm]
    /// The arm whose losses set the buckets' threshold, their 0.7 quantile.
    public let baseline: String
    public let claims: ClaimsSource
    /// Whether scores are tested on tokens known to be bad, before the first arm.
    public let groundTruth: GroundTruthRecipe?

    /// Every run in the order of training: references, then all arms under one seed after another, so that a study that is cut
    /// short has compared all of them.
    public var matrix: [StudyRun] {
        let seeds = Set(arms.flatMap(\.seeds)).sorted()
        return references
            + seeds.flatMap { seed in arms.filter { $0.seeds.contains(seed) }.map { $0.run(seed: seed) } }
    }

    /// The run that `trained` means in a recipe of `seed`.
    func run(_ trained: TrainedRun, seed: Int) -> StudyRun {
        switch trained {
        case .reference: references.first { $0.name == trained.description }!
        case .arm(let name): arms.first { $0.name == name }!.run(seed: seed)
        }
    }
}

/// One training run of a study.
public struct StudyRun: Equatable, Sendable {
    /// Its folder within the study's: `reference/NAME`; an arm's name, and `/seed-N` where the study lists seeds.
    public let name: String
    /// nil for a reference.
    public let arm: String?
    /// As planned: a run that is matched to another trains on as many tokens as that turns out to have cost.
    public let recipe: Recipe
    public let matching: Matching?

    public var isReference: Bool { arm == nil }
}
