/// What is trained on: one corpus, or several, each with its share of the blocks.
///
/// ```yaml
/// train: prepared/noisy
/// train: {mixture: {prepared/noisy: 0.9, prepared/clean: 0.1}}
/// ```
public enum TrainingText: Hashable, Sendable {
    case corpus(CorpusSource)
    /// In the order of writing; at least two corpora, none twice.
    case mixture([Part])

    public struct Part: Hashable, Sendable {
        public let corpus: CorpusSource
        /// Its share of the blocks is weight ÷ the weights' sum.
        public let weight: Double
    }

    public static let noisy = TrainingText.corpus(.noisy)
    public static let curated = TrainingText.corpus(.curated)
    public static func folder(_ path: String) -> TrainingText { .corpus(.folder(path)) }

    public var parts: [Part] {
        switch self {
        case .corpus(let corpus): [Part(corpus: corpus, weight: 1)]
        case .mixture(let parts): parts
        }
    }
}

extension TrainingText: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        guard let entries = node.entries else {
            self = .corpus(try CorpusSource(node))
            return
        }
        let fix = "write {mixture: {default: 0.9, curated: 0.1}}, each corpus with its share of the blocks"
        guard entries.count == 1, entries[0].key == "mixture", let written = entries[0].value.entries, written.count > 1 else {
            throw .not("a corpus or a mixture of several", node, fix: fix)
        }
        var parts: [Part] = []
        for entry in written {
            let weight = try Double(entry.value)
            guard weight > 0 else {
                throw RecipeComplaint(
                    below: "mixture", message: "gives \(entry.key) the share \(weight)", fix: "write more than 0, or leave it out"
                )
            }
            let corpus = try CorpusSource(.text(entry.key))
            guard !parts.contains(where: { $0.corpus == corpus }) else {
                throw RecipeComplaint(below: "mixture", message: "names \(entry.key) twice", fix: "name each corpus once")
            }
            parts.append(Part(corpus: corpus, weight: weight))
        }
        self = .mixture(parts)
    }

    var written: RecipeNode {
        guard case .mixture(let parts) = self else { return parts[0].corpus.written }
        let entries = parts.map { RecipeNode.Entry(key: $0.corpus.name, place: nil, value: $0.weight.written) }
        return RecipeNode(content: .mapping([.init(key: "mixture", place: nil, value: RecipeNode(content: .mapping(entries)))]))
    }
}
