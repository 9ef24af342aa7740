/// What a value must be beyond its type: a number's range, a word's spelling.
///
/// It looks at the value as written, so one kind serves every type; `none` passes every range.
struct Constraint: Sendable {
    let complaint: @Sendable (RecipeNode) -> RecipeComplaint?

    func complaint(about node: RecipeNode) -> RecipeComplaint? { complaint(node) }
}

// MARK: - Ranges

extension Constraint {
    static func atLeast(_ least: Int, atMost most: Int = .max) -> Constraint {
        let range = most == .max ? "\(least) or more" : "from \(least) to \(most)"
        return .number(range) { $0 >= Double(least) && $0 <= Double(most) }
    }

    static let positive = Constraint.number("more than 0") { $0 > 0 }
    static let notNegative = Constraint.number("0 or more") { $0 >= 0 }
    /// A share of something: 0 to 1, both included.
    static let fraction = Constraint.number("from 0 to 1") { (0...1).contains($0) }
    /// A share of which there must be some: 0 left out.
    static let someFraction = Constraint.number("more than 0 and at most 1") { $0 > 0 && $0 <= 1 }
    /// A decay or a probability that must not reach 1.
    static let belowOne = Constraint.number("0 or more and less than 1") { (0..<1).contains($0) }

    private static func number(_ range: String, _ holds: @escaping @Sendable (Double) -> Bool) -> Constraint {
        Constraint { node in
            guard let value = try? Double(node), !holds(value) else { return nil }
            return RecipeComplaint(message: "is \(node.summary), out of range", fix: "write a number that is \(range)")
        }
    }
}

// MARK: - Words

extension Constraint {
    /// A run's name, which is also a folder's.
    static let fileName = Constraint { node in
        guard let name = try? String(node), name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.+-]*/) == nil else { return nil }
        return RecipeComplaint(
            message: "is \(node.summary), which cannot name a folder", fix: "use letters, digits, `-`, `_`, `+` and `.`")
    }

    /// A name that may stand in a key path, so without a dot.
    static let label = Constraint { node in
        // What can't be read as text, such as nothing in quotes, is no name either.
        let name = (try? String(node)) ?? ""
        guard name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_+-]*/) == nil else { return nil }
        return RecipeComplaint(message: "is not a usable name", fix: "use letters, digits, `-`, `_` and `+`")
    }

    static func oneOf(_ words: [String]) -> Constraint {
        Constraint { node in
            let word = try? String(node)
            if let word, words.contains(word) { return nil }
            let nearest = word.flatMap { NearestName.of($0, among: words) }
            let list = words.joined(separator: ", ")
            let fix = nearest.map { "did you mean `\($0)`? It may be \(list)" } ?? "write one of \(list)"
            return RecipeComplaint(message: "is \(node.summary), which is not known", fix: fix)
        }
    }
}
