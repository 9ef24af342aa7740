extension Study {
    /// Reads a study and checks every run in it.
    ///
    /// - Parameters:
    ///   - yaml: the study's text.
    ///   - source: what complaints call the text, usually the file's name.
    ///   - overrides: `base.key.path=value`, and `name=` and `baseline=`, from the command line; the arms' own overrides
    ///     come after them.
    ///   - budget: multiplies every run's `training.tokens`, and its warm-up likewise, so that the schedule keeps its shape.
    /// - Throws: `RecipeError` with every problem of every run.
    public init(yaml: String, source: String = "study", overrides: [String] = [], budget: Double = 1) throws(RecipeError) {
        self = try Study.reading(yaml: yaml, source: source, overrides: overrides, budget: budget).study
    }

    /// As `init(yaml:source:overrides:budget:)`, and each key that an arm or reference gives though it has no effect there.
    public static func reading(
        yaml: String, source: String = "study", overrides: [String] = [], budget: Double = 1
    ) throws(RecipeError) -> (study: Study, notes: [RecipeProblem]) {
        let commandLine = Overrides(overrides)
        var problems = commandLine.problems
        let sections = Set(["base"] + Recipe.sectionPaths.map { "base." + $0 })
        let root = try RecipeNode(yaml: yaml, source: source).overlaid(with: commandLine.entries, sections: sections)

        var reader = StudyReader(root, budget: budget)
        let study = reader.read()
        problems += reader.problems
        guard problems.isEmpty, let study else { throw RecipeError(problems) }
        return (study, reader.notes)
    }
}
