import Experiments
import Foundation
import Testing

@Suite struct PresetTests {
    private let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../Recipes").standardized

    @Test func theFolderAndTheCodeHoldTheSame() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(Set(files) == Set(Preset.allCases.map(\.source)))
        for preset in Preset.allCases {
            #expect(try String(contentsOf: folder.appendingPathComponent(preset.source), encoding: .utf8) == preset.yaml)
        }
    }

    @Test func theRecipeIsValidAndWithoutIdleKeys() throws {
        let (recipe, notes) = try Recipe.reading(yaml: Preset.adapt.yaml, source: Preset.adapt.source)
        #expect(notes.isEmpty)
        #expect(try Recipe(yaml: recipe.yaml) == recipe)
        #expect(recipe.selection.reference == .folder("runs/reference"))
        // The second command in its comment.
        let second = ["name=reference", "data.train=prepared/clean", "selection.policy=all"]
        #expect(try Recipe(yaml: Preset.adapt.yaml, overrides: second).selection == SelectionRecipe())
    }

    /// Every key stands in adapt.yaml, and over each stands a comment (a run of keys may share one). The keys of a section that
    /// is `none` there stand in the comment.
    @Test func theRecipeDocumentsEveryKey() throws {
        var path: [(indent: Int, key: String)] = []
        var documented: [String] = []
        var isCommented = false
        for line in Preset.adapt.yaml.split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("#") { isCommented = true }
            if text.isEmpty { isCommented = false }
            let indent = line.count - text.count
            if let keys = text.prefixMatch(of: /[#][ ]{3}([A-Za-z.]+):[ ]/)?.1 {
                documented.append((path.filter { $0.indent < indent }.map(\.key) + [String(keys)]).joined(separator: "."))
            }
            guard let key = text.prefixMatch(of: /([A-Za-z0-9]+):/)?.1 else { continue }
            path.removeAll { $0.indent >= indent }
            path.append((indent, String(key)))
            if isCommented { documented.append(path.map(\.key).joined(separator: ".")) }
        }
        #expect(Recipe.keyPaths.count == 53)
        for key in Recipe.keyPaths {
            #expect(documented.contains(key), "\(key) is not documented")
        }
    }

    @Test(arguments: [Preset.reproduce, .seed, .rho1, .rigorous, .selfReference])
    func everyStudyIsValidAndWithoutIdleKeys(preset: Preset) throws {
        let (study, notes) = try Study.reading(yaml: preset.yaml, source: preset.source)
        #expect(notes.isEmpty)
        #expect(study.name == preset.rawValue)
        #expect(study.baseline == "clm" && study.claims == .standard)
        #expect(study.matrix.allSatisfy { $0.recipe.training.checkpointEvery > 0 }, "a killed study loses little")
        for arm in study.arms {
            #expect(Set(arm.recipe.data.validation.keys) == ["noisy", "curated"], "claims name these splits")
            // Steps of 512 tokens at 450 tokens/s: two minutes are about 100.
            #expect(arm.recipe.training.checkpointEvery * arm.recipe.tokensPerStep <= 54_000)
        }
    }

    @Test func claimsNameArmsOfThePresets() throws {
        let claims = try ClaimList.standard.claims
        #expect(Set(claims.map(\.id)).count == claims.count && claims.count >= 15)
        let studies = try [Preset.reproduce, .seed, .rho1, .rigorous, .selfReference].map { try Study(yaml: $0.yaml) }
        let arms = Set(studies.flatMap { $0.arms.map(\.name) })
        for claim in claims where claim.measure != .aurocDifference {
            #expect(arms.contains(claim.arm) && arms.contains(claim.control), "\(claim.id)")
            #expect(["noisy", "curated"].contains(claim.split), "\(claim.id)")
            // Some preset can decide it.
            #expect(
                studies.contains { study in Set([claim.arm, claim.control]).isSubset(of: study.arms.map(\.name)) }, "\(claim.id)")
        }
        for study in studies {
            let names = Set(study.arms.map(\.name))
            #expect(claims.contains { names.isSuperset(of: [$0.arm, $0.control]) }, "\(study.name) decides nothing")
        }
    }

    @Test func theDefaultStudyComparesLikeWithLike() throws {
        let study = try Study(yaml: Preset.reproduce.yaml)
        #expect(
            study.matrix.map(\.name) == [
                "reference/curated", "clm", "topk-0.5", "random-0.5", "stochastic-0.5", "topk-0.3", "random-0.3",
                "stochastic-0.3", "topk-0.6-curated", "clm-order",
            ])
        for run in study.matrix {
            var recipe = run.recipe
            recipe.name = study.arms[0].recipe.name
            recipe.selection = study.arms[0].recipe.selection
            if run.name == "reference/curated" { recipe.data.train = .noisy }
            if run.name == "clm-order" { recipe.training.seed = 0 }
            #expect(recipe == study.arms[0].recipe, "\(run.name) differs in more than its selection")
        }
        #expect(
            study.arms.map(\.recipe.selection.policy) == [
                "all", "all", "topK", "random", "stochastic", "topK", "random", "stochastic", "topK",
            ])
        #expect(study.arms.dropFirst(2).map(\.recipe.selection.ratio) == [0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.6])
        #expect(study.arms.dropFirst(2).allSatisfy { $0.recipe.selection.pool == .microBatch })
    }

    @Test func theReplicationKeepsItsProtocol() throws {
        let study = try Study(yaml: Preset.seed.yaml, overrides: ["base.training.tokens=5927936"])
        #expect(study.references.map(\.recipe.adapter?.start) == [nil])
        for run in study.matrix {
            // 11,578 micro-batches, four to a step.
            #expect(run.recipe.steps == (11_578 + 3) / 4)
            #expect(run.recipe.adapter?.dropout == 0.05)
        }
        #expect(study.arms.allSatisfy { $0.recipe.adapter?.start == .trained(.reference("baseline")) })
        #expect(study.arms.allSatisfy { $0.recipe.selection.scoreWithDropout == $0.recipe.selection.usesScores })
        #expect(
            study.arms.map(\.name) == [
                "clm", "topk-0.5", "random-0.5", "stochastic-0.5", "topk-0.3", "random-0.3", "stochastic-0.3",
            ])
    }

    /// Everything but what an arm is there to change is the same in every arm.
    @Test(arguments: [Preset.rho1, .rigorous, .selfReference])
    func controlsDifferInOneThing(preset: Preset) throws {
        let study = try Study(yaml: preset.yaml)
        #expect(Set(study.arms.flatMap(\.seeds)) == [0, 1, 2])
        let control = study.arms[0]
        #expect(control.name == "clm" && control.seeds == [0, 1, 2])
        for arm in study.arms.dropFirst() {
            var recipe = arm.recipe
            recipe.name = "clm"
            var changes = 0
            if recipe.selection != control.recipe.selection {
                (recipe.selection, changes) = (control.recipe.selection, changes + 1)
            }
            // A replay knows no other blocks than it saw.
            if arm.recipe.selection.isReplay { recipe.training.probeBlocks = control.recipe.training.probeBlocks }
            if recipe.data.train != control.recipe.data.train {
                (recipe.data.train, changes) = (control.recipe.data.train, changes + 1)
            }
            if recipe.adapter?.seed != 0 {
                recipe.adapter?.seed = 0
                changes += 1
            }
            if arm.matching != nil { changes += 1 }
            #expect(recipe == control.recipe && changes == 1, "\(arm.name)")
        }
    }
}
