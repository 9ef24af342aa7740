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
        #expect(Recipe.keyPaths.count == 45)
        for key in Recipe.keyPaths {
            #expect(documented.contains(key), "\(key) is not documented")
        }
    }

    @Test func theDefaultStudyComparesLikeWithLike() throws {
        let (study, notes) = try Study.reading(yaml: Preset.reproduce.yaml, source: Preset.reproduce.source)
        #expect(notes.isEmpty)
        #expect(
            study.matrix.map(\.name) == [
                "reference/curated", "clm", "topk-0.5", "random-0.5", "stochastic-0.5", "topk-0.3", "random-0.3",
                "stochastic-0.3",
                "topk-0.6-curated",
            ])
        for run in study.matrix {
            var recipe = run.recipe
            recipe.name = study.arms[0].recipe.name
            recipe.selection = study.arms[0].recipe.selection
            if run.name == "reference/curated" { recipe.data.train = .noisy }
            #expect(recipe == study.arms[0].recipe, "\(run.name) differs in more than its selection")
        }
        #expect(
            study.arms.map(\.recipe.selection.policy) == [
                "all", "topK", "random", "stochastic", "topK", "random", "stochastic", "topK",
            ])
        #expect(study.arms.dropFirst().map(\.recipe.selection.ratio) == [0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.6])
        #expect(study.arms.dropFirst().allSatisfy { $0.recipe.selection.pool == .microBatch })
    }

    @Test func theReplicationKeepsItsSizes() throws {
        let (study, notes) = try Study.reading(yaml: Preset.seedTinyLlama.yaml, source: Preset.seedTinyLlama.source)
        #expect(notes.isEmpty)
        #expect(study.references.map(\.recipe.adapter?.start) == [nil])
        for run in study.matrix {
            // 11,578 micro-batches, four to a step.
            #expect(run.recipe.steps == (11_578 + 3) / 4)
            #expect(run.recipe.training.tokens == 11_578 * 4 * 128)
        }
        #expect(study.arms.allSatisfy { $0.recipe.adapter?.start == .trained(.reference("baseline")) })
        #expect(study.arms.allSatisfy { $0.recipe.selection.scoreWithDropout == $0.recipe.selection.usesScores })
    }
}
