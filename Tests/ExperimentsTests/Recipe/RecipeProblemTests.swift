import Experiments
import Testing

/// The problems of a recipe that must be refused, as `line: key path`.
private func problems(_ yaml: String) -> [String] {
    do {
        _ = try Recipe(yaml: yaml, source: "r.yaml")
        return []
    } catch {
        return error.problems.map { ($0.place?.line.map { "\($0): " } ?? "") + $0.keyPath }
    }
}

@Suite struct RecipeProblemTests {
    @Test func everyMistakeIsNamedAtOnce() {
        let yaml = """
            name: three
            training:
              tokens: lots
              batchsize: 4
            selection:
              policy: random
              ratio: 1.5
            """
        let error = #expect(throws: RecipeError.self) { try Recipe(yaml: yaml, source: "r.yaml") }
        #expect(
            error?.description == """
                the recipe has 3 problems:
                  r.yaml:3: training.tokens: is `lots`, not a whole number; write digits, as in 60000
                  r.yaml:4: training.batchsize: is not a known key; did you mean `batchSize`?
                  r.yaml:7: selection.ratio: is `1.5`, out of range; write a number that is more than 0 and at most 1
                """)
    }

    @Test(arguments: [
        ("training: {tokens: 1.5}", "training.tokens"), ("training: {tokens: '60000'}", "training.tokens"),
        ("training: {tokens: 0}", "training.tokens"), ("training: {tokens: [1]}", "training.tokens"),
        ("training: {tokens: 99999999999999999999}", "training.tokens"), ("training: {tokens: }", "training.tokens"),
        ("training: 5", "training"), ("training: []", "training"), ("data: {separators: yes}", "data.separators"),
        ("data: {blockLength: 1}", "data.blockLength"), ("data: {validation: folder}", "data.validation"),
        ("data: {validation: {a.b: folder}}", "data.validation.a.b"), ("adapter: {rank: -1}", "adapter.rank"),
        ("adapter: {alpha: 0}", "adapter.alpha"), ("adapter: {dropout: 1}", "adapter.dropout"),
        ("adapter: {targetModules: q_proj}", "adapter.targetModules"), ("adapter: {targetModules: []}", "adapter.targetModules"),
        ("adapter: {targetModules: [q_proj, q_proj]}", "adapter.targetModules"), ("adapter: nine", "adapter"),
        ("training: {clipNorm: 0}", "training.clipNorm"), ("training: {clipNorm: off}", "training.clipNorm"),
        ("training: {evaluationTokens: none}", "training.evaluationTokens"),
        ("training: {optimizer: {beta2: 1.0}}", "training.optimizer.beta2"),
        ("training: {optimizer: {learningRate: .inf}}", "training.optimizer.learningRate"),
        ("training: {optimizer: {learningRate: 0x1p-3}}", "training.optimizer.learningRate"),
        ("training: {schedule: {kind: linear}}", "training.schedule.kind"), ("name: a/b", "name"), ("name: ..", "name"),
        ("compute: {device: gpu}", "compute.device"), ("compute: {dtype: float16}", "compute.dtype"),
        ("compute: {threads: -1}", "compute.threads"), ("compute: {frozen: int4}", "compute.frozen"),
        ("compute: {frozen: int8, device: cuda}", "compute.frozen"),
        ("compute: {frozen: int8Reference}", "compute.frozen"), ("compute: {recompute: all}", "compute.recompute"),
        ("compute: {reference: none}", "compute.reference"),
        ("compute: {reference: int8, dtype: bfloat16}", "compute.reference"),
        ("compute: {reference: nf4, device: cuda}", "compute.reference"),
        ("{adapter: none, compute: {frozen: int8}}", "compute.frozen"),
        ("{adapter: none, compute: {frozen: packed}}", "compute.frozen"),
        ("selection: {policy: topk}", "selection.policy"),
        ("selection: {policy: random, pool: corpus}", "selection.pool"),
        ("data: {train: {mixture: {a: 1}}}", "data.train"), ("data: {train: {mixed: {a: 1, b: 2}}}", "data.train"),
        ("data: {train: {mixture: {a: 1, b: 0}}}", "data.train.mixture"),
        ("data: {train: {mixture: {a: 1, b: much}}}", "data.train"),
    ])
    func wrongTypesAndRangesAreRefused(yaml: String, keyPath: String) {
        #expect(problems(yaml) == ["1: " + keyPath])
    }

    @Test(arguments: [
        ("0", false), ("1.0e-9", true), ("0.5", true), ("1", true), ("1.0001", false), ("-0.5", false), ("nan", false),
    ])
    func theRatioIsMoreThanZeroAndAtMostOne(ratio: String, isValid: Bool) {
        #expect(problems("selection: {policy: random, ratio: \(ratio)}").isEmpty == isValid)
    }

    @Test func excessLossNeedsAReference() {
        #expect(problems("selection: {policy: topK, score: excessLoss}") == ["1: selection.reference"])
        #expect(problems("selection: {policy: topK, score: excessLoss, reference: base}").isEmpty)
        #expect(problems("selection: {policy: topK, score: entropy}").isEmpty)
        #expect(problems("selection: {policy: random, score: excessLoss}").isEmpty)
    }

    @Test func impossibleCombinationsAreRefused() {
        #expect(
            problems("adapter: none\nselection: {policy: topK, reference: base}") == ["2: selection.reference"])
        #expect(
            problems("training: {tokens: 1024, batchSize: 4, schedule: {warmupSteps: 2}}") == [
                "1: training.schedule.warmupSteps"
            ])
        #expect(problems("training: {tokens: 1025, batchSize: 4, schedule: {warmupSteps: 2}}").isEmpty)
        #expect(problems("data: {blockLength: 512}\ntraining: {evaluationTokens: 256}") == ["2: training.evaluationTokens"])
        #expect(problems("selection: {policy: topK, reference: reference/curated}") == ["1: selection.reference"])
    }

    @Test func aReplayNeedsARecordingAndNothingToProbe() {
        #expect(problems("selection: {policy: replay}") == ["1: selection.replay"])
        #expect(problems("selection: {policy: replay, replay: {as: shuffled}}") == ["1: selection.replay.from"])
        let probed = "training: {probeBlocks: 4}\nselection: {policy: replay, replay: {from: x}}"
        #expect(problems(probed) == ["1: training.probeBlocks"])
        // A score that is never positive weighs nothing.
        let weighed = "selection: {policy: stochastic, score: selfReference, reference: base}"
        #expect(problems(weighed) == ["1: selection.score"])
    }

    @Test func aCombinationWithAValueThatCannotBeReadIsNotJudged() {
        #expect(problems("selection: {policy: topK, score: exces}") == ["1: selection.score"])
        #expect(problems("adapter: {rank: x}\nselection: {policy: topK, reference: base}") == ["1: adapter.rank"])
    }

    @Test(arguments: [
        ("selections: {}", "did you mean `selection`?"), ("training: {batch_size: 4}", "did you mean `batchSize`?"),
        ("learningRate: 1", "did you mean `training.optimizer.learningRate`?"), ("adapter: {aplha: 3}", "did you mean `alpha`?"),
        ("selection: {policy: randon}", "did you mean `random`? It may be all, random, replay, stochastic, topK"),
        ("selection: {policy: quantile}", "write one of all, random, replay, stochastic, topK"),
        (
            "compute: {flavour: mild}",
            "the keys here are device, dtype, frozen, reference, recompute, threads, arithmetic, selection, graphs"
        ),
    ])
    func theNearestNameIsSuggested(yaml: String, fix: String) {
        let error = #expect(throws: RecipeError.self) { try Recipe(yaml: yaml) }
        #expect(error?.problems.map(\.fix) == [fix])
    }

    @Test(arguments: [("training:\n  tokens: [1", 3), ("name: a\nname: b", 1), ("- a\n- b", 1), ("word", 1), ("a: *b", 1)])
    func textThatIsNoRecipeIsRefusedWithItsLine(yaml: String, line: Int) {
        let error = #expect(throws: RecipeError.self) { try Recipe(yaml: yaml, source: "r.yaml") }
        #expect(error?.problems.first?.place?.description == "r.yaml:\(line)")
    }
}
