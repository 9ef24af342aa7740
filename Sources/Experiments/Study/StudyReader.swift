/// Expands a study's tree into its matrix, collecting the problems of every run.
struct StudyReader {
    private var fields: RecipeReader
    private let budget: Double
    private let place: RecipePlace?
    private var base: RecipeNode
    private var seeds: SeedList?
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
        var claims = ClaimsSource.standard
        fields.value("name", &name, .fileName)
        var title = name
        fields.value("title", &title)
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
        fields.value("seeds", &seeds)
        let references = readReferences()
        let arms = readArms(references: references.map(\.recipe.name))
        fields.value("baseline", &baseline)
        fields.value("claims", &claims)
        let groundTruth = readGroundTruth()
        fields.refuseUnknownKeys(recipe: "base.")
        checkBaseline(baseline, among: arms)
        return Study(
            name: name, title: title, references: references, arms: arms, baseline: baseline, claims: claims,
            groundTruth: groundTruth)
    }

    /// `none`, or no such key, is no test at all.
    private mutating func readGroundTruth() -> GroundTruthRecipe? {
        guard let written = fields.take("groundTruth"), written.content != .scalar("none", quoted: false) else { return nil }
        var reader = RecipeReader(written, path: "groundTruth")
        let recipe = reader.read(GroundTruthRecipe.self)
        runProblems += reader.problems
        notes += reader.notes
        return recipe
    }

    private mutating func readReferences() -> [StudyRun] {
        guard let written = fields.take("references") else { return [] }
        guard let entries = written.entries else {
            fields.complain(
                "references", written.place, "is \(written.summary)", fix: "write name: {key.path: value, …} below it")
            return []
        }
        guard entries.count <= SeedList.most else {
            fields.complain(
                "references", written.place, "has \(entries.count) runs",
                fix: "list at most \(SeedList.most), or divide the study")
            return []
        }
        var references: [StudyRun] = []
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
            let earlier = references.map(\.name)
            let recipe = expand(layer, name: entry.key, label: label, place: entry.place, trained: earlier)
            let name = TrainedRun.reference(entry.key).description
            references.append(StudyRun(name: name, arm: nil, recipe: recipe, matching: nil))
        }
        return references
    }

    private mutating func readArms(references: [String]) -> [Study.Arm] {
        guard let written = fields.take("arms") else {
            fields.complain("arms", place, "is missing", fix: "list the runs to compare: - {name: clm, selection.policy: all}")
            return []
        }
        guard case .sequence(let items) = written.content, !items.isEmpty else {
            fields.complain(
                "arms", written.place, "is \(written.summary)", fix: "list the runs, each - {name: …, key.path: value}")
            return []
        }
        guard items.count <= SeedList.most else {
            fields.complain(
                "arms", written.place, "has \(items.count) runs", fix: "list at most \(SeedList.most), or divide the study")
            return []
        }
        var arms: [Study.Arm] = []
        for (index, item) in items.enumerated() {
            guard let entries = item.entries, let written = item["name"], let name = try? String(written) else {
                fields.complain("arms[\(index)]", item.place, "has no name", fix: "write - {name: …, key.path: value, …}")
                continue
            }
            let label = "arms." + name
            if let complaint = Constraint.fileName.complaint(about: written) {
                fields.complain(label, written.place, complaint.message, fix: complaint.fix)
            }
            if arms.contains(where: { $0.name == name }) {
                fields.complain(label, written.place, "is there twice", fix: "give each arm a name of its own")
            }
            if StudyRunner.folderNames.contains(name) {
                fields.complain(
                    label, written.place, "has the name of a folder that a study keeps", fix: "call it something else")
            }
            var keys = RecipeReader(item, path: label)
            var shown: String?
            keys.value("label", &shown)
            var own: SeedList?
            keys.value("seeds", &own)
            var matching: Matching?
            keys.section("matching", &matching)
            runProblems += keys.problems

            let layer = entries.filter { !["name", "label", "seeds", "matching"].contains($0.key) }
            let trained =
                references.map { TrainedRun.reference($0).description } + arms.map { TrainedRun.arm($0.name).description }
            let recipe = expand(layer, name: name, label: label, place: item.place, trained: trained)
            let overlay = RecipeNode(content: .mapping([])).overlaid(with: layer, sections: Recipe.sectionPaths)
            let listed = own ?? seeds
            if let written = overlay[["training", "seed"]], listed != nil {
                fields.complain(
                    label + ".training.seed", written.place, "has no effect: the arm is run under each of its seeds",
                    fix: "leave it out, or give the arm seeds: [\(recipe.training.seed)]")
            }
            if let written = overlay[["training", "tokens"]], let matching {
                fields.complain(
                    label + ".training.tokens", written.place, "has no effect: matching \(matching.arm) decides it",
                    fix: "leave one of the two out")
            }
            let arm = Study.Arm(
                name: name, label: shown, recipe: recipe, seeds: listed?.seeds ?? [recipe.training.seed], matching: matching,
                isSeeded: listed != nil)
            checkSeeds(of: arm, at: item["seeds"]?.place)
            checkOrder(of: arm, after: arms, at: item.place)
            arms.append(arm)
        }
        return arms
    }

    /// Seeds are compared in pairs, so an arm runs under some of the study's.
    private mutating func checkSeeds(of arm: Study.Arm, at place: RecipePlace?) {
        guard arm.isSeeded, let further = arm.seeds.first(where: { seeds?.seeds.contains($0) != true }) else { return }
        let known = seeds.map { "the study's are \($0.seeds)" } ?? "the study lists none"
        fields.complain(
            "arms.\(arm.name).seeds", place, "has the seed \(further), and \(known)",
            fix: "add it to the study's seeds, a key beside arms")
    }

    /// An arm that builds on another comes after it, and runs under no seed that the other doesn't.
    private mutating func checkOrder(of arm: Study.Arm, after earlier: [Study.Arm], at place: RecipePlace?) {
        var needs: [(key: String, arm: String)] = []
        if let matching = arm.matching { needs.append(("matching.arm", matching.arm)) }
        if case .trained(.arm(let name)) = arm.recipe.adapter?.start { needs.append(("adapter.start", name)) }
        if case .trained(.arm(let name)) = arm.recipe.selection.replay?.source {
            needs.append(("selection.replay.from", name))
            if earlier.first(where: { $0.name == name })?.recipe.training.keepSelections == false {
                fields.complain(
                    "arms.\(arm.name).selection.replay.from", place, "is \(name), which keeps no selections",
                    fix: "write training.keepSelections: true there")
            }
        }
        for need in needs where !need.arm.isEmpty {
            let key = "arms.\(arm.name).\(need.key)"
            guard let other = earlier.first(where: { $0.name == need.arm }) else {
                // A start that isn't trained before has been complained of already.
                guard need.key == "matching.arm" else { continue }
                let nearest = NearestName.of(need.arm, among: earlier.map(\.name))
                fields.complain(
                    key, place, "is \(need.arm), which is no arm before this one",
                    fix: nearest.map { "did you mean \($0)?" } ?? "there are \(earlier.map(\.name))")
                continue
            }
            if let seed = arm.seeds.first(where: { !other.seeds.contains($0) }) {
                fields.complain(
                    key, place, "is \(other.name), which is not run under seed \(seed)",
                    fix: "give both arms the same seeds")
            }
        }
    }

    /// The base under an arm's overrides and the budget. Problems of the base are every run's and are told once.
    ///
    /// - Parameter trained: the runs that come before, as a recipe names them.
    private mutating func expand(
        _ layer: [RecipeNode.Entry], name: String, label: String, place: RecipePlace?, trained: [String]
    ) -> Recipe {
        var node = base.overlaid(with: layer, sections: Recipe.sectionPaths)
        node.set(["name"], to: RecipeNode(content: .scalar(name, quoted: true), place: place), sections: [])
        var reader = RecipeReader(node)
        var recipe = reader.read(Recipe.self)
        recipe.scale(by: budget)
        for (path, run) in recipe.trainedRuns where !trained.contains(run.description) {
            let nearest = NearestName.of(run.description, among: trained)
            let fix =
                trained.isEmpty ? "define it under references" : nearest.map { "did you mean \($0)?" } ?? "there are \(trained)"
            reader.complain(path, node[path.keyPath]?.place, "is \(run), which is not trained before this run", fix: fix)
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
    private mutating func checkBaseline(_ baseline: String, among arms: [Study.Arm]) {
        guard let first = arms.first else { return }
        guard let control = arms.first(where: { $0.name == baseline }) else {
            let nearest = NearestName.of(baseline, among: arms.map(\.name)) ?? first.name
            fields.complain(
                "baseline", place, "is `\(baseline)`, which is no arm", fix: "name an arm, as in baseline: \(nearest)")
            return
        }
        if let missing = arms.flatMap(\.seeds).first(where: { !control.seeds.contains($0) }), control.isSeeded {
            fields.complain(
                "baseline", place, "is \(control.name), which is not run under seed \(missing)",
                fix: "the arms are compared with it seed by seed: give it all of the study's seeds")
        }
        if let index = arms.firstIndex(where: { $0.matching?.by == .seconds }), arms[..<index].allSatisfy({ $0 != control }) {
            fields.complain(
                "arms.\(arms[index].name).matching", place, "needs the baseline's speed, and \(control.name) comes later",
                fix: "list the baseline first")
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

    /// The keys that decide which tokens an evaluation is of.
    func evaluationDifferences(from other: Recipe) -> [(key: String, differs: Bool)] {
        [
            ("model", model != other.model),
            ("data.validation", data.validation != other.data.validation),
            ("data.blockLength", data.blockLength != other.data.blockLength),
            ("data.separators", data.separators != other.data.separators),
            ("training.evaluationTokens", training.evaluationTokens != other.training.evaluationTokens),
        ]
    }
}
