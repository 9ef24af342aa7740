/// A section of a recipe: a value type that names its keys once, for reading, writing and listing alike.
///
/// The defaults are the properties' initial values.
protocol RecipeSection: Equatable, Sendable {
    init()

    /// Shows every key to `visitor`, in the order in which they are written, and then what cannot be combined.
    mutating func visit(_ visitor: inout some RecipeVisitor)
}

/// Passes over a recipe's keys: `RecipeReader` fills them in, `RecipeWriter` takes them down, `KeyLister` notes their names.
protocol RecipeVisitor {
    /// A key that holds a value.
    ///
    /// - Parameters:
    ///   - fallback: what the key means where it is missing; nil keeps the property's own default.
    ///   - unused: why the keys visited before leave this one without effect; nil where it has one. A key without effect
    ///     is checked, noted and dropped, so that recipes that do the same are equal, and so is their hash.
    mutating func value<Value: RecipeValue>(
        _ key: String, _ value: inout Value, _ constraint: Constraint?, fallback: Value?, unused: String?)

    /// A key that holds a section.
    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section)

    /// A key that holds a section or `none`.
    ///
    /// - Parameter unused: as for a value.
    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section?, unused: String?)

    /// Refuses a combination of keys.
    ///
    /// - Parameters:
    ///   - key: the one to complain about, relative to this section.
    ///   - others: the ones it depends on. Where any of them could not be read, nothing is said.
    mutating func refuse(_ key: String, with others: [String], if wrong: Bool, _ message: String, fix: String)
}

extension RecipeVisitor {
    mutating func value<Value: RecipeValue>(
        _ key: String, _ value: inout Value, _ constraint: Constraint? = nil, unused: String? = nil
    ) {
        self.value(key, &value, constraint, fallback: nil, unused: unused)
    }

    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section?) {
        self.section(key, &section, unused: nil)
    }
}
