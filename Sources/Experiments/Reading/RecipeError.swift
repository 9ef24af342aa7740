import Foundation

/// One thing that is wrong with a recipe or a study: where, what, and what to do about it.
public struct RecipeProblem: Hashable, Sendable, CustomStringConvertible {
    /// The key's path, as in `selection.ratio`; empty where the whole text is meant.
    public let keyPath: String
    /// Where it was written; nil for a value that nobody wrote, such as one that is missing.
    public let place: RecipePlace?
    /// What is wrong, for a reader who sees the key path before it.
    public let message: String
    /// What to do about it.
    public let fix: String

    init(_ keyPath: String, at place: RecipePlace?, _ message: String, fix: String) {
        self.keyPath = keyPath
        self.place = place
        self.message = message
        self.fix = fix
    }

    public var description: String {
        let subject = [place?.description, keyPath.isEmpty ? nil : keyPath].compactMap(\.self).joined(separator: ": ")
        return (subject.isEmpty ? "" : subject + ": ") + "\(message); \(fix)"
    }
}

/// A recipe or study that cannot be run, with every problem found in it. The command line exits with 64.
public struct RecipeError: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
    /// In the order of reading, none twice; never empty.
    public let problems: [RecipeProblem]

    init(_ problems: [RecipeProblem]) {
        var seen: Set<RecipeProblem> = []
        self.problems = problems.filter { seen.insert($0).inserted }
    }

    /// One line a problem, under a count.
    public var description: String {
        let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
        return "the recipe has \(count):\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }

    public var errorDescription: String? { description }
}
