import Crypto
import Foundation

extension Recipe {
    /// Reads a recipe and checks it as a whole.
    ///
    /// - Parameters:
    ///   - yaml: the recipe's text. Missing keys take their defaults.
    ///   - source: what complaints call the text, usually the file's name.
    ///   - overrides: `key.path=value`, the value in YAML, from the command line. A section given whole merges key by key;
    ///     anything else replaces what the file says.
    /// - Throws: `RecipeError` with every problem.
    public init(yaml: String, source: String = "recipe", overrides: [String] = []) throws(RecipeError) {
        self = try Recipe.reading(yaml: yaml, source: source, overrides: overrides).recipe
    }

    /// As `init(yaml:source:overrides:)`, and what the user should hear though the recipe can be run: each key that is given
    /// and has no effect, such as a ratio where the policy takes every token.
    public static func reading(
        yaml: String, source: String = "recipe", overrides: [String] = []
    ) throws(RecipeError) -> (recipe: Recipe, notes: [RecipeProblem]) {
        let commandLine = Overrides(overrides)
        let file = try RecipeNode(yaml: yaml, source: source)
        var reader = RecipeReader(file.overlaid(with: commandLine.entries, sections: sectionPaths))
        let recipe = reader.read(Recipe.self)
        var problems = commandLine.problems + reader.problems
        for (path, run) in recipe.trainedRuns {
            problems.append(
                RecipeProblem(
                    path, at: file[path.keyPath]?.place, "is \(run), a run that only a study trains",
                    fix: "run the study, or name the folder: ./\(run)"))
        }
        guard problems.isEmpty else { throw RecipeError(problems) }
        return (recipe, reader.notes)
    }

    /// Reads what a run has recorded: resolved, and with runs of its study by their names.
    init(recorded yaml: String) throws(RecipeError) {
        var reader = RecipeReader(try RecipeNode(yaml: yaml, source: "recipe.yaml"))
        self = reader.read(Recipe.self)
        guard reader.problems.isEmpty else { throw RecipeError(reader.problems) }
    }

    /// The runs of a study that this recipe builds on, by the key that names each.
    var trainedRuns: [(keyPath: String, run: TrainedRun)] {
        var runs: [(String, TrainedRun)] = []
        if case .trained(let name) = selection.reference { runs.append(("selection.reference", .reference(name))) }
        if case .trained(let run) = adapter?.start { runs.append(("adapter.start", run)) }
        if case .trained(let run) = selection.replay?.source { runs.append(("selection.replay.from", run)) }
        return runs
    }

    /// The recipe with every run of the study that it names replaced by the folder that holds what was trained there.
    public func replacingTrainedRuns(with folder: (TrainedRun) -> String) -> Recipe {
        var recipe = self
        if case .trained(let name) = selection.reference { recipe.selection.reference = .folder(folder(.reference(name))) }
        if case .trained(let run) = adapter?.start { recipe.adapter?.start = .folder(folder(run)) }
        if case .trained(let run) = selection.replay?.source { recipe.selection.replay?.source = .folder(folder(run)) }
        return recipe
    }
}

extension Recipe {
    /// The resolved recipe: every key that has an effect, defaults included, in one canonical order and spelling.
    /// Reading it gives an equal recipe.
    public var yaml: String { RecipeWriter.node(of: self).yaml }

    /// SHA-256 of `yaml` in hexadecimal, so what `sha256sum recipe.yaml` prints in a run's folder.
    /// Comments, the order of keys and the spelling of numbers in the original do not change it.
    public var hash: String {
        SHA256.hash(data: Data(yaml.utf8)).map { String(format: "%02x", $0) }.joined()
    }
}
