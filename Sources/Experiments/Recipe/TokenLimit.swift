/// How many tokens to take: all there are, or so many from the start.
public enum TokenLimit: Hashable, Sendable {
    case all
    case first(Int)

    /// nil is all.
    public var count: Int? {
        guard case .first(let count) = self else { return nil }
        return count
    }
}

extension TokenLimit: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        if node.content == .scalar("all", quoted: false) {
            self = .all
        } else if let count = try? Int(node) {
            self = .first(count)
        } else {
            throw .not("a number of tokens", node, fix: "write a whole number, or all")
        }
    }

    var written: RecipeNode { count?.written ?? .plain("all") }
}
