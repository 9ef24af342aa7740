/// The seeds that something is run under: `[0, 1, 2]`.
struct SeedList: RecipeValue {
    /// Ascending, none twice, at least one.
    let seeds: [Int]

    /// Of a study; its arms are as many. Seeds are looked up arm by arm, which takes the square of their number for each.
    static let most = 256

    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let fix = "list whole numbers, 0 or more, as in [0, 1, 2]"
        guard case .sequence(let items) = node.content, !items.isEmpty else { throw .not("a list of seeds", node, fix: fix) }
        guard items.count <= Self.most else {
            throw RecipeComplaint(message: "has \(items.count) seeds", fix: "list at most \(Self.most)")
        }
        var seeds: Set<Int> = []
        for item in items {
            let seed = try Int(item)
            guard seed >= 0 else { throw RecipeComplaint(message: "has the seed \(seed)", fix: fix) }
            guard seeds.insert(seed).inserted else {
                throw RecipeComplaint(message: "has the seed \(seed) twice", fix: "list each once")
            }
        }
        self.seeds = seeds.sorted()
    }

    init(_ seeds: [Int]) { self.seeds = seeds.sorted() }

    var written: RecipeNode { RecipeNode(content: .sequence(seeds.map(\.written))) }
}
