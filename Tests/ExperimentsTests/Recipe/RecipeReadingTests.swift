import Experiments
import Testing
import Torch

@Suite struct RecipeReadingTests {
    @Test func anEmptyRecipeIsTheDefaultOne() throws {
        #expect(try Recipe(yaml: "") == Recipe())
        #expect(try Recipe(yaml: "# nothing but a comment") == Recipe())
    }

    @Test func everyKindOfValueIsRead() throws {
        let recipe = try Recipe(
            yaml: """
                name: 2024
                model: /models/TinyLlama
                data: {train: curated, validation: {own: prepared/own, noisy: default}, blockLength: 64, separators: true}
                adapter: {rank: 8, alpha: 1.5e1, targetModules: [q_proj, v_proj], start: runs/first}
                training:
                  tokens: 1_000
                  optimizer: {learningRate: 1e-3}
                  schedule: {kind: cosine, warmupSteps: 2, finalFraction: 0.1}
                  clipNorm: none
                  evaluationTokens: 6.4e3
                selection: {policy: topK, score: excessLoss, reference: base, ratio: 1, pool: batch, ties: random}
                compute: {device: 'cuda:1', dtype: bfloat16, threads: 2}
                """)
        #expect(recipe.name == "2024")
        #expect(recipe.model == .path("/models/TinyLlama"))
        #expect(recipe.data.train == .curated)
        #expect(recipe.data.validation == ["own": .folder("prepared/own"), "noisy": .noisy])
        #expect(recipe.data.separators)
        #expect(recipe.adapter?.alpha == 15)
        #expect(recipe.adapter?.targetModules == ["q_proj", "v_proj"])
        #expect(recipe.adapter?.start == .folder("runs/first"))
        #expect(recipe.training.tokens == 1000)
        #expect(recipe.training.optimizer.learningRate == 0.001)
        #expect(recipe.training.schedule.kind == .cosine)
        #expect(recipe.training.clipNorm == nil)
        #expect(recipe.training.evaluationTokens == .first(6400))
        #expect(recipe.selection.reference == .base)
        #expect(recipe.selection.pool == .batch)
        #expect(recipe.selection.ties == .random)
        #expect(recipe.compute.device == .cuda(index: 1))
        #expect(recipe.compute.dtype == .bfloat16)
    }

    @Test func noneTrainsFullWeights() throws {
        #expect(try Recipe(yaml: "adapter: none").adapter == nil)
        #expect(try Recipe(yaml: "adapter: none", overrides: ["adapter.rank=4"]).adapter?.rank == 4)
    }

    @Test func validationIsTheTrainingCorpusUnlessSaid() throws {
        #expect(try Recipe(yaml: "data: {train: mine}").data.validation == ["validation": .folder("mine")])
        #expect(try Recipe(yaml: "data: {train: mine, validation: {}}").data.validation.isEmpty)
        let mixed = try Recipe(yaml: "data: {train: {mixture: {mine: 3, curated: 1}}}").data
        #expect(mixed.train.parts.map(\.corpus) == [.folder("mine"), .curated])
        #expect(mixed.train.parts.map(\.weight) == [3, 1])
        #expect(mixed.validation == ["validation": .folder("mine"), "validation-2": .curated])
    }

    @Test func stepsAreWhole() throws {
        let step = "data: {blockLength: 128}\ntraining: {batchSize: 4, accumulation: 2, tokens: "
        #expect(try Recipe(yaml: step + "1024}").steps == 1)
        #expect(try Recipe(yaml: step + "1025}").steps == 2)
        #expect(try Recipe(yaml: step + "1}").steps == 1)
    }

    @Test func keysWithoutEffectAreNotedAndDropped() throws {
        let yaml = "selection: {policy: random, ratio: 0.3, score: loss}\ntraining: {schedule: {finalFraction: 0.5}}"
        let (recipe, notes) = try Recipe.reading(yaml: yaml)
        #expect(notes.map(\.keyPath) == ["training.schedule.finalFraction", "selection.score"])
        #expect(recipe.selection.score == SelectionRecipe().score)
        #expect(recipe.selection.ratio == 0.3)

        let topK = "selection: {policy: topK, score: loss, ratio: 0.3}"
        let asPlain = try Recipe.reading(yaml: topK, overrides: ["selection.policy=all"])
        #expect(asPlain.recipe == Recipe())
        #expect(asPlain.notes.map(\.keyPath) == ["selection.score", "selection.ratio"])
    }
}

@Suite struct RecipeOverrideTests {
    let yaml = "training: {tokens: 5000, seed: 3}\nadapter: {targetModules: [q_proj, v_proj]}"

    @Test func aPathReplacesAValue() throws {
        let recipe = try Recipe(
            yaml: yaml, overrides: ["training.tokens=100", "training.optimizer.beta1=0.8", "adapter.targetModules=[o_proj]"])
        #expect(recipe.training.tokens == 100)
        #expect(recipe.training.seed == 3)
        #expect(recipe.training.optimizer.beta1 == 0.8)
        #expect(recipe.adapter?.targetModules == ["o_proj"])
    }

    @Test func sectionsMergeAndValuesDoNot() throws {
        let recipe = try Recipe(
            yaml: "data: {blockLength: 64, validation: {a: x}}", overrides: ["data={validation: {b: y}}", "data.validation.c=z"])
        #expect(recipe.data.blockLength == 64)
        #expect(recipe.data.validation == ["b": .folder("y"), "c": .folder("z")])
    }

    @Test func theLastOneWins() throws {
        #expect(try Recipe(yaml: yaml, overrides: ["name=a", "name=b"]).name == "b")
        #expect(try Recipe(yaml: "name: c", overrides: ["model=a=b"]).model == .path("a=b"))
    }

    @Test func aFaultOfTheFileThatIsOverriddenIsNone() throws {
        #expect(try Recipe(yaml: "training: {tokens: many}", overrides: ["training.tokens=7"]).training.tokens == 7)
    }

    @Test func wrongOnesAreNamedWithTheRest() throws {
        let error = #expect(throws: RecipeError.self) {
            try Recipe(
                yaml: "selection: {ratio: 2, policy: random}",
                overrides: ["tokens", "training.token=5", "name=", "adapter.rank={", "=3"])
        }
        #expect(error?.problems.count == 6)
        #expect(error?.problems.count { $0.place?.source == "command line" } == 5)
        #expect(error?.problems.contains { $0.keyPath == "training.token" && $0.fix == "did you mean `tokens`?" } == true)
    }
}
