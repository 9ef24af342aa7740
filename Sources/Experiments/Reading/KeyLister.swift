/// Notes the path of every key and of every section, as in `training.optimizer.beta1` and `training.optimizer`.
struct KeyLister: RecipeVisitor {
    private var prefix = ""
    private(set) var keys: [String] = []
    private(set) var sections: [String] = []

    init(_ root: some RecipeSection) {
        var copy = root
        copy.visit(&self)
    }

    mutating func value<Value: RecipeValue>(
        _ key: String, _ value: inout Value, _ constraint: Constraint?, fallback: Value?, unused: String?
    ) {
        keys.append(prefix + key)
    }

    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section) {
        sections.append(prefix + key)
        let outer = prefix
        prefix += key + "."
        section.visit(&self)
        prefix = outer
    }

    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section?, unused: String?) {
        var present = section ?? Section()
        self.section(key, &present)
    }

    mutating func refuse(_ key: String, with others: [String], if wrong: Bool, _ message: String, fix: String) {}
}
