/// Expands a study's tree into its matrix, collecting the problems of every run.
struct StudyReader {
    private var fields: RecipeReader
    private let budget: Double
    private let place: RecipePlace?
    private var base: RecipeNode
    private var runProblems: [RecipeProblem] = []
    private(set) var notes: [RecipeProblem] = []

    var problems: [RecipeProblem] { fields.problems + runProblems }

    init(_ root: RecipeNode, budget: Double) {
        fields = RecipeReader(root)
        base = RecipeNode(content: .mapping([]), place: root.place)
        place = root.place
        self.budget = budget
    }

    mutating func read() -> Study? {
        guard budget > 0, budget <= 1000 else {
            fields.complain("", nil, "the budget is \(budget)", fix: "give a number from 0 to 1000, as in --budget 0.5")
            return nil
        }
        var name = "study"
        var baseline = "clm"
        fields.value("name", &name, .fileName)
        if let written = fields.take("base") {
            if written.entries == nil {
                fields.complain("base", written.place, "is \(written.summary), not a recipe", fix: "put a recipe's keys below it")
            } else {
                base = written
            }
            if let ineffective = base["name"] {
                fields.complain("base.name", ineffective.place, "has no effect: an arm brings its name", fix: "leave it out")
            }
        }
        let references = readReferences()
        let arms = readArms(trained: references.map(\.recipe.name))
        fields.value("baseline", &baseline)
        var groundTruth: GroundTruthRecipe?
        fields.section("groundTruth", &groundTruth)
        fields.refuseUnknownKeys(recipe: "base.")
        check(baseline: baseline, among: arms)
        return Study(name: name, references: references, arms: arms, baseline: baseline, groundTruth: groundTruth)
    }

    private mutating func readReferences() -> [Study.Arm] {
        guard let written = fields.take("references") else { return [] }
        guard let entries = written.entries else {
            fields.complain(
                "references", written.place, "is \(written.summary)", fix: "write name: {key.path: value, …} below it")
            return []
        }
        var references: [Study.Arm] = []
        for entry in entries {
            let label = "references." + entry.key
            if let complaint = Constraint.label.complaint(about: .text(entry.key)) {
                fields.complain(label, entry.place, complaint.message, fix: complaint.fix)
            }
            guard let layer = entry.value.entries else {
                fields.complain(label, entry.place, "is \(entry.value.summary)", fix: "write {key.path: value, …}")
                continue
            }
            if let ineffective = layer.first(where: { $0.key == "name" }) {
                fields.complain(label + ".name", ineffective.place, "has no effect: it is \(entry.key)", fix: "leave it out")
            }
            let recipe = expand(layer, name: entry.key, label: label, place: entry.place, trained: references.map(\.recipe.name))
            references.append(Study.Arm(name: TrainedName.prefix + entry.key, recipe: recipe))
        }
        return references
    }

    private mutating func readArms(trained: [String]) -> [Study.Arm] {
        guard let written = fields.take("arms") else {
            fields.complain("arms", place, "is missing", fix: "list the runs to compare: - {name: clm, selection.policy: all}")
            return []
        }
        guard case .sequence(let items) = written.content, !items.isEmpty else {
            fields.complain(
                "arms", written.place, "is \(written.summary)", fix: "list the runs, each - {name: …, key.path: value}")
            return []
        }
        var arms: [Study.Arm] = []
        for (index, item) in items.enumerated() {
            guard let entries = item.entries, let written = item["name"], let name = try? String(written) else {
                fields.complain("arms[\(index)]", item.place, "has no name", fix: "write - {name: …, key.path: value, …}")
                continue
            }
            let label = "arms." + name
            if arms.contains(where: { $0.name == name }) {
                fields.complain(label, written.place, "is there twice", fix: "give each arm a name of its own")
            }
            // A study keeps its references' runs in a folder of that name.
            if name == "reference" {
                fields.complain(label, written.place, "has the name of the references' folder", fix: "call it something else")
            }
            let layer = entries.filter { $0.key != "name" }
            let recipe = expand(layer, name: name, label: label, place: item.place, trained: trained)
            arms.append(Study.Arm(name: name, recipe: recipe))
        }
        return arms
    }

    /// The base under an arm's overrides and the budget. Problems of the base are every run's and are told once.
    private mutating func expand(
        _ layer: [RecipeNode.Entry], name: String, label: String, place: RecipePlace?, trained: [String]
    ) -> Recipe {
        var node = base.overlaid(with: layer, sections: Recipe.sectionPaths)
        node.set(["name"], to: RecipeNode(content: .scalar(name, quoted: true), place: place), sections: [])
        var reader = RecipeReader(node)
        var recipe = reader.read(Recipe.self)
        recipe.scale(by: budget)
        for (path, name) in recipe.trainedNames where !trained.contains(name) {
            let nearest = NearestName.of(name, among: trained)
            let fix =
                trained.isEmpty
                ? "define it under references" : nearest.map { "did you mean reference/\($0)?" } ?? "there are \(trained)"
            reader.complain(
                path, node[path.keyPath]?.place, "is reference/\(name), which is not trained before this run", fix: fix)
        }
        runProblems += reader.problems.map { $0.moved(under: isOfBase($0) ? "base" : label) }
        // What the base gives is meant for some runs only, so it may be without effect in others.
        notes += reader.notes.filter { !isOfBase($0) }.map { $0.moved(under: label) }
        return recipe
    }

    private func isOfBase(_ problem: RecipeProblem) -> Bool {
        problem.place != nil && base.places(at: problem.keyPath.keyPath[...]).contains(problem.place)
    }

    /// The arms are compared token by token with the baseline, so they must be evaluated on the same tokens.
    private mutating func check(baseline: String, among arms: [Study.Arm]) {
        guard let first = arms.first else { return }
        guard let control = arms.first(where: { $0.name == baseline }) else {
            let nearest = NearestName.of(baseline, among: arms.map(\.name)) ?? first.name
            fields.complain(
                "baseline", place, "is `\(baseline)`, which is no arm", fix: "name an arm, as in baseline: \(nearest)")
            return
        }
        for arm in arms where problems.isEmpty {
            for (key, differs) in arm.recipe.evaluationDifferences(from: control.recipe) where differs {
                fields.complain(
                    "arms.\(arm.name).\(key)", nil, "differs from the baseline's, so their token losses cannot be compared",
                    fix: "give all arms one value, under base")
            }
        }
    }
}

extension RecipeProblem {
    fileprivate func moved(under label: String) -> RecipeProblem {
        RecipeProblem(label + "." + keyPath, at: place, message, fix: fix)
    }
}

extension Recipe {
    fileprivate mutating func scale(by budget: Double) {
        guard budget != 1 else { return }
        // The key's upper bound holds for the product too.
        training.tokens = min(max(1, Int((Double(training.tokens) * budget).rounded())), TrainingRecipe.mostTokens)
        training.schedule.warmupSteps = Int((Double(training.schedule.warmupSteps) * budget).rounded(.down))
    }

    fileprivate func evaluationDifferences(from other: Recipe) -> [(key: String, differs: Bool)] {
        [
            ("model", model != other.model),
            ("data.validation", data.validation != other.data.validation),
            ("data.blockLength", data.blockLength != other.data.blockLength),
            ("data.separators", data.separators != other.data.separators),
            ("training.evaluationTokens", training.evaluationTokens != other.training.evaluationTokens),
        ]
    }
}
