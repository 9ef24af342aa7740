import Experiments
import Testing

private let small = """
    name: small
    base:
      training: {tokens: 10240, schedule: {warmupSteps: 10}}
      selection: {score: excessLoss, pool: sequence}
    references:
      curated: {data.train: curated, selection.policy: all, data.validation: {noisy: default}}
      second: {adapter: {start: reference/curated}}
    arms:
      - {name: clm, selection.policy: all}
      - name: topk
        selection: {policy: topK, reference: reference/curated}
      - {name: warm, adapter.start: reference/second, selection: {policy: random}}
    """

@Suite struct StudyTests {
    @Test func armsOverrideTheBase() throws {
        let study = try Study(yaml: small)
        #expect(study.name == "small")
        #expect(study.baseline == "clm")
        #expect(study.matrix.map(\.name) == ["reference/curated", "reference/second", "clm", "topk", "warm"])
        #expect(study.matrix.map(\.recipe.name) == ["curated", "second", "clm", "topk", "warm"])
        #expect(study.matrix.allSatisfy { $0.recipe.training.tokens == 10240 })
        #expect(study.references[0].recipe.data.train == .curated)
        #expect(study.references[1].recipe.adapter?.start == .trained(.reference("curated")))
        #expect(study.arms[1].recipe.selection.policy == "topK")
        #expect(study.arms[1].recipe.selection.pool == .sequence)
        #expect(study.arms[1].recipe.selection.reference == .trained("curated"))
        #expect(study.arms.map(\.seeds) == [[0], [0], [0]])
    }

    @Test func everyArmRunsUnderEverySeed() throws {
        let study = try Study(
            yaml: "seeds: [2, 0]\n" + small + "\n  - {name: longer, adapter.start: arm/clm, selection.policy: all, seeds: [2]}")
        #expect(
            study.matrix.map(\.name) == [
                "reference/curated", "reference/second", "clm/seed-0", "topk/seed-0", "warm/seed-0", "clm/seed-2", "topk/seed-2",
                "warm/seed-2", "longer/seed-2",
            ])
        #expect(study.matrix.map(\.recipe.training.seed) == [0, 0, 0, 0, 0, 2, 2, 2, 2])
        #expect(study.matrix.allSatisfy { $0.recipe.adapter?.seed == 0 })
        #expect(study.arms[3].recipe.adapter?.start == .trained(.arm("clm")))
    }

    @Test func trainedRunsBecomeFolders() throws {
        let study = try Study(yaml: small)
        let recipes = study.arms.map { $0.recipe.replacingTrainedRuns { "/runs/small/\($0)" } }
        #expect(recipes[1].selection.reference == .folder("/runs/small/reference/curated"))
        #expect(recipes[2].adapter?.start == .folder("/runs/small/reference/second"))
        #expect(try Recipe(yaml: recipes[1].yaml) == recipes[1])
    }

    @Test func theBudgetScalesTokensAndWarmUp() throws {
        let half = try Study(yaml: small, budget: 0.5)
        #expect(half.matrix.allSatisfy { $0.recipe.training.tokens == 5120 && $0.recipe.training.schedule.warmupSteps == 5 })
        let tiny = try Study(yaml: small, budget: 1e-9)
        #expect(tiny.matrix.allSatisfy { $0.recipe.training.tokens == 1 && $0.recipe.training.schedule.warmupSteps == 0 })
        for budget in [0, -1, .infinity, .nan] as [Double] {
            #expect(throws: RecipeError.self) { try Study(yaml: small, budget: budget) }
        }
    }

    @Test func theCommandLineReachesTheBase() throws {
        let study = try Study(yaml: small, overrides: ["base.training.tokens=20480", "name=other", "baseline=topk"])
        #expect(study.matrix.allSatisfy { $0.recipe.training.tokens == 20480 })
        #expect(study.name == "other")
        #expect(study.baseline == "topk")
        let error = #expect(throws: RecipeError.self) { try Study(yaml: small, overrides: ["training.tokens=5"]) }
        #expect(error?.problems.map(\.fix) == ["did you mean `base.training`?"])
    }

    @Test func armsAreNotedForWhatHasNoEffectInThem() throws {
        let yaml = small + "\n  - {name: random, selection: {policy: random, score: loss, ratio: 0.1}}"
        #expect(try Study.reading(yaml: yaml).notes.map(\.keyPath) == ["arms.random.selection.score"])
    }
}

@Suite struct StudyProblemTests {
    /// The problems of a study that must be refused, as `line: key path`.
    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try Study(yaml: yaml, source: "s.yaml")
            return []
        } catch {
            return error.problems.map { ($0.place?.line.map { "\($0): " } ?? "") + $0.keyPath }
        }
    }

    @Test func everyArmsProblemsAreToldAtOnceAndTheBasesOnce() {
        let yaml = """
            nam: x
            base:
              training:
                tokens: many
              colour: red
            references:
              curated: {data.trian: curated}
            arms:
              - {name: clm, selection.policy: all}
              - {name: a, selection: {policy: topK, ratio: 3}}
              - {name: b, selection: {policy: topK, reference: reference/curate}}
              - {name: a, selection.policy: random}
            """
        #expect(
            Set(problems(yaml)) == [
                "1: nam", "4: base.training.tokens", "5: base.colour", "7: references.curated.data.trian",
                "10: arms.a.selection.ratio", "10: arms.a.selection.reference", "11: arms.b.selection.reference", "12: arms.a",
            ])
        #expect(problems(yaml).count == 8)
    }

    @Test func aStudyNeedsArmsWithNames() {
        #expect(problems("name: x") == ["1: arms"])
        #expect(problems("arms: []") == ["1: arms"])
        #expect(problems("arms: {clm: {}}") == ["1: arms"])
        #expect(problems("arms: [clm, {selection.policy: all}]").contains("1: arms[1]"))
        #expect(problems("arms: [{name: reference}]\nbaseline: reference") == ["1: arms.reference"])
        #expect(problems("arms: [{name: clm}]\nbase: {name: x}") == ["2: base.name"])
        #expect(problems("arms: [{name: clm}]\nreferences: {a: {name: x}}") == ["2: references.a.name"])
    }

    @Test func seedsAreListedOnceAndForAll() {
        #expect(problems("seeds: []\narms: [{name: clm}]") == ["1: seeds"])
        #expect(problems("seeds: [1, 1]\narms: [{name: clm}]") == ["1: seeds"])
        #expect(problems("seeds: [-1]\narms: [{name: clm}]") == ["1: seeds"])
        #expect(problems("seeds: [0, 1]\narms: [{name: clm}, {name: a, seeds: [2]}]") == ["2: arms.a.seeds", "1: baseline"])
        #expect(problems("arms: [{name: clm}, {name: a, seeds: [1]}]").first == "1: arms.a.seeds")
        #expect(problems("seeds: [0, 1]\narms: [{name: clm, seeds: [0]}, {name: a}]") == ["1: baseline"])
        #expect(problems("seeds: [0]\narms: [{name: clm, training: {seed: 3}}]") == ["2: arms.clm.training.seed"])
        #expect(problems("arms: [{name: clm}, {name: a, training.seed: 3}]").isEmpty)
    }

    @Test func aMatchedArmNamesAnEarlierOneOfItsSeeds() {
        func matched(_ matching: String, _ more: String = "") -> [String] {
            problems(
                "seeds: [0, 1]\narms:\n  - {name: clm}\n  - {name: b, seeds: [0]}\n  - {name: a, matching: {\(matching)}\(more)}")
        }
        #expect(matched("arm: clm, by: seconds, factor: 2").isEmpty)
        #expect(matched("arm: clmm") == ["5: arms.a.matching.arm"])
        #expect(matched("by: seconds") == ["5: arms.a.matching.arm"])
        #expect(matched("arm: a") == ["5: arms.a.matching.arm"])
        #expect(matched("arm: b") == ["5: arms.a.matching.arm"])
        #expect(matched("arm: clm, by: flops") == ["5: arms.a.matching.by"])
        #expect(matched("arm: clm, factor: 0") == ["5: arms.a.matching.factor"])
        #expect(matched("arm: clm", ", training.tokens: 5") == ["5: arms.a.training.tokens"])
        let late = "arms: [{name: b}, {name: a, matching: {arm: b, by: seconds}}, {name: clm}]"
        #expect(problems(late) == ["1: arms.a.matching"])
    }

    @Test func anArmMayStartFromAnEarlierOne() {
        #expect(problems("arms: [{name: clm}, {name: a, adapter.start: arm/clm}]").isEmpty)
        #expect(problems("arms: [{name: a, adapter.start: arm/clm}, {name: clm}]") == ["1: arms.a.adapter.start"])
    }

    @Test func theBaselineIsAnArm() {
        #expect(problems("arms: [{name: a}]") == ["1: baseline"])
        #expect(problems("arms: [{name: a}]\nbaseline: a").isEmpty)
    }

    @Test func referencesAreTrainedBeforeTheyAreUsed() {
        let yaml = """
            references:
              one: {adapter.start: reference/two}
              two: {}
            arms: [{name: clm}]
            """
        #expect(problems(yaml) == ["2: references.one.adapter.start"])
    }

    @Test(arguments: ["data.blockLength: 64", "training.evaluationTokens: 4096", "data: {validation: {a: b}}", "model: other"])
    func armsAreEvaluatedOnTheSameTokens(override: String) {
        #expect(problems("arms: [{name: clm}, {name: a, \(override)}]").count == 1)
    }
}
