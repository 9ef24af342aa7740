/// The command line's overrides, parsed: those that can be, and the problems of the others.
struct Overrides {
    var entries: [RecipeNode.Entry] = []
    var problems: [RecipeProblem] = []

    init(_ overrides: [String]) {
        for text in overrides {
            do {
                entries.append(try RecipeNode.override(text))
            } catch {
                problems += error.problems
            }
        }
    }
}
