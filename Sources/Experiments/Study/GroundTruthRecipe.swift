import Corpora

/// Whether scores find bad tokens, and on which texts that is asked: the section `groundTruth` of a study.
///
/// ```yaml
/// groundTruth:
///   corruptions: [swapped-words, shuffled-spans, boilerplate, ocr]   # or none
///   champ: true             # CHAMP's model answers with their first wrong steps
///   text: curated           # the corpus whose held-out pages are damaged
///   tokens: 12288           # of each text
///   share: 0.15             # of the text that is damaged
///   seed: 0                 # of the damage
/// ```
public struct GroundTruthRecipe: Equatable, Sendable {
    /// Names of `TextCorruptionRegistry`; nil (`none`) damages nothing.
    public var corruptions: [String]? = ["swapped-words", "shuffled-spans", "boilerplate", "ocr"]
    /// Whether CHAMP's answers are scored too.
    public var champ = true
    /// The corpus whose held-out pages are the clean text.
    public var text = CorpusSource.curated
    /// How many tokens of each text are scored, rounded down to whole blocks.
    public var tokens = 12288
    /// How much of the clean text is damaged; each corruption says what it counts.
    public var share = 0.15
    /// Of the damage, and of the order in which CHAMP's answers are taken.
    public var seed = 0

    public init() {}
}

extension GroundTruthRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("corruptions", &corruptions, .eachOneOf(TextCorruptionRegistry.names))
        visitor.value("champ", &champ)
        let undamaged = corruptions == nil ? "corruptions is none" : nil
        visitor.value("text", &text, unused: undamaged)
        visitor.value("tokens", &tokens, .atLeast(2, atMost: 1 << 30))
        visitor.value("share", &share, .share, unused: undamaged)
        visitor.value("seed", &seed, .atLeast(0))
        visitor.refuse(
            "corruptions", with: ["champ"], if: corruptions == nil && !champ, "leaves nothing to test, and champ is false",
            fix: "name a corruption, write champ: true, or leave groundTruth out")
    }
}

extension Constraint {
    /// Both good and bad words must remain.
    fileprivate static let share = Constraint { node in
        guard let value = try? Double(node), !(value > 0 && value <= 0.5) else { return nil }
        return RecipeComplaint(message: "is \(node.summary), out of range", fix: "write a number above 0 and at most 0.5")
    }

    /// A list of known words.
    fileprivate static func eachOneOf(_ words: [String]) -> Constraint {
        Constraint { node in
            guard case .sequence(let items) = node.content else { return nil }
            return items.lazy.compactMap { Constraint.oneOf(words).complaint(about: $0) }.first
        }
    }
}
