/// Fills a section's keys in from YAML and collects every problem on the way, where a `Decoder` would stop at the first.
struct RecipeReader: RecipeVisitor {
    private let node: RecipeNode
    private let path: String
    private var known: [String] = []
    /// Key paths whose value could not be read.
    private var unreadable: Set<String> = []
    private(set) var problems: [RecipeProblem] = []
    /// Keys that are given and have no effect.
    private(set) var notes: [RecipeProblem] = []

    init(_ node: RecipeNode, path: String = "") {
        self.node = node
        self.path = path
    }

    /// Reads a whole section; call once on a fresh reader.
    mutating func read<Section: RecipeSection>(_ type: Section.Type = Section.self) -> Section {
        var section = Section()
        if node.entries == nil {
            complain("", node.place, "is \(node.summary), where keys belong", fix: "put its keys below it, indented")
        } else {
            section.visit(&self)
            refuseUnknownKeys()
        }
        return section
    }

    mutating func value<Value: RecipeValue>(
        _ key: String, _ value: inout Value, _ constraint: Constraint?, fallback: Value?, unused: String?
    ) {
        guard let written = take(key) else {
            if let fallback { value = fallback }
            return
        }
        do throws(RecipeComplaint) {
            let read = try Value(written)
            if let complaint = constraint?.complaint(about: written) { throw complaint }
            if let unused {
                notes.append(RecipeProblem(full(key), at: written.place, "has no effect: \(unused)", fix: "leave it out"))
            } else {
                value = read
            }
        } catch {
            for complaint in [error] + error.further {
                let key = complaint.below.isEmpty ? key : key + "." + complaint.below
                complain(key, written.place, complaint.message, fix: complaint.fix)
            }
        }
    }

    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section) {
        guard let written = take(key) else { return }
        var reader = RecipeReader(written, path: full(key))
        section = reader.read()
        unreadable.formUnion(reader.unreadable)
        problems += reader.problems
        notes += reader.notes
    }

    mutating func section<Section: RecipeSection>(_ key: String, _ section: inout Section?, unused: String?) {
        known.append(key)
        guard let written = node[key] else { return }
        if written.content == .scalar("none", quoted: false) {
            section = nil
        } else if let unused {
            var ignored = Section()
            self.section(key, &ignored)
            notes.append(RecipeProblem(full(key), at: written.place, "has no effect: \(unused)", fix: "leave it out"))
        } else {
            var present = section ?? Section()
            self.section(key, &present)
            section = present
        }
    }

    mutating func refuse(_ key: String, with others: [String], if wrong: Bool, _ message: String, fix: String) {
        guard wrong, ([key] + others).allSatisfy({ !isUnreadable(full($0)) }) else { return }
        complain(key, place(of: [key] + others), message, fix: fix)
    }

    /// The value of a key that is no recipe value, such as a study's list of arms; nil where it is missing.
    mutating func take(_ key: String) -> RecipeNode? {
        known.append(key)
        guard let written = node[key] else { return nil }
        guard !written.isNull else {
            complain(key, written.place, "has no value", fix: "write one, or leave the key out")
            return nil
        }
        return written
    }

    mutating func complain(_ key: String, _ place: RecipePlace?, _ message: String, fix: String) {
        unreadable.insert(full(key))
        problems.append(RecipeProblem(full(key), at: place, message, fix: fix))
    }

    /// Complains of every key that was not asked for, with the nearest one that was; or, where no neighbour is near, with
    /// the place in the recipe, itself at `recipe`, where a key or section of that name belongs.
    mutating func refuseUnknownKeys(recipe: String = "") {
        let paths = Recipe.keyPaths + Recipe.sectionPaths.sorted()
        for entry in node.entries ?? [] where !known.contains(entry.key) {
            let elsewhere = paths.first { $0.keyPath.last == entry.key }
            let fix =
                if let nearest = NearestName.of(entry.key, among: known) {
                    "did you mean `\(nearest)`?"
                } else if let elsewhere {
                    "did you mean `\(recipe)\(elsewhere)`?"
                } else {
                    "the keys here are \(known.joined(separator: ", "))"
                }
            complain(entry.key, entry.place, "is not a known key", fix: fix)
        }
    }

    private func full(_ key: String) -> String { [path, key].filter { !$0.isEmpty }.joined(separator: ".") }

    private func isUnreadable(_ path: String) -> Bool {
        unreadable.contains { $0 == path || path.hasPrefix($0 + ".") || $0.hasPrefix(path + ".") }
    }

    /// Where the first of the keys that is written at all was written.
    private func place(of keys: [String]) -> RecipePlace? {
        keys.lazy.compactMap { node[$0.keyPath]?.place }.first ?? node.place
    }
}
