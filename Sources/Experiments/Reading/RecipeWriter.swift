/// Takes a section's keys down as YAML: all of them, defaults included, but for those without effect.
struct RecipeWriter: RecipeVisitor {
    private var entries: [RecipeNode.Entry] = []

    static func node(of section: some RecipeSection) -> RecipeNode {
        var writer = RecipeWriter()
        var copy = section
        copy.visit(&writer)
        return RecipeNode(content: .mapping(writer.entries))
    }

    mutating func value<Value: RecipeValue>(
        _ key: String, _ value: inout Value, _ constraint: Constraint?, fallback: Value?, unused: String?
    ) {
        if unused == nil { append(key, value.written) }
    }

    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section) {
        append(key, RecipeWriter.node(of: section))
    }

    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section?, unused: String?) {
        if unused == nil { append(key, section.map { RecipeWriter.node(of: $0) } ?? .plain("none")) }
    }

    mutating func refuse(_ key: String, with others: [String], if wrong: Bool, _ message: String, fix: String) {}

    private mutating func append(_ key: String, _ value: RecipeNode) {
        entries.append(RecipeNode.Entry(key: key, place: nil, value: value))
    }
}
