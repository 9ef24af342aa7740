import Foundation

/// CHAMP's model answers to competition problems, in each of which people marked the first wrong step.
///
/// Mao, Kim and Zhou, *CHAMP: A Competition-level Dataset for Fine-Grained Analyses of LLMs' Mathematical Reasoning Capabilities*
/// (2024, arXiv:2401.06961). `v0.json` of PyPI's `champ-dataset` 1.0.0, MIT:
/// ```
/// {"problems": {"P_Algebra_1": {"_text": "…", "fws_annotations": {
///     "GPT-4|No C w/o H": {"text": "…", "start_idx": 319, "end_idx": 469, "author": "GPT-4"}, …}, …}, …}, …}
/// ```
/// Indices count Unicode scalars of `text`; both are null where the answer has no wrong step.
public struct ChampAnswers: Sendable {
    public struct Answer: Sendable, Equatable {
        /// `P_Algebra_1`
        public let problem: String
        /// The model that wrote it.
        public let author: String
        public let question: String
        public let text: String
        /// Bytes of `text`; `nil` where nothing is wrong.
        public let firstWrongStep: Range<Int>?

        /// The question, which doesn't count; the answer up to its first wrong step, which is good; and that step, which is bad.
        ///
        /// What follows the step is cut off: it builds on a mistake, and nobody has said which of it is right. An answer without a
        /// wrong step is good to its end.
        public var marked: MarkedText {
            let context = question + "\n\n"
            let start = context.utf8.count
            guard let step = firstWrongStep else { return MarkedText(context + text, bad: [], context: [0..<start]) }
            let kept = String(decoding: text.utf8.prefix(step.upperBound), as: UTF8.self)
            return MarkedText(
                context + kept, bad: [start + step.lowerBound..<start + step.upperBound], context: [0..<start])
        }
    }

    /// In the order of problems' and annotations' names.
    public let answers: [Answer]

    /// - Throws: `CorpusError.unreadable`; `CorpusError.badAnswers` where the file is something else or a mark lies outside its
    ///   answer.
    public init(_ url: URL) throws {
        let data: Data
        do { data = try Data(contentsOf: url, options: .alwaysMapped) } catch {
            throw CorpusError.unreadable(path: url.path, reason: error.localizedDescription)
        }
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) } catch {
            throw CorpusError.badAnswers(path: url.path, reason: Self.reason(error))
        }
        answers = try file.problems.sorted { $0.key < $1.key }.flatMap { name, problem in
            try problem.annotations.sorted { $0.key < $1.key }.map { key, annotation in
                guard let step = annotation.firstWrongStep else {
                    throw CorpusError.badAnswers(
                        path: url.path, reason: "the first wrong step of \(name), \(key), lies outside its answer")
                }
                return Answer(
                    problem: name, author: annotation.author, question: problem.text, text: annotation.text,
                    firstWrongStep: step.isEmpty ? nil : step)
            }
        }
        guard answers.contains(where: { $0.firstWrongStep != nil }) else {
            throw CorpusError.badAnswers(path: url.path, reason: "no answer has a marked step")
        }
    }

    /// The answers in an order drawn from a seed, so that the first of them are of every kind.
    public func shuffled(seed: UInt64) -> [Answer] {
        var random = CorruptionGenerator(seed: seed, document: 0)
        return random.shuffled(answers)
    }

    private static func reason(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: "/") }
        return switch error {
        case DecodingError.keyNotFound(let key, let context): "it has no \(place(context.codingPath + [key]))"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(place(context.codingPath)) has another type"
        case DecodingError.dataCorrupted(let context):
            (context.codingPath.isEmpty ? "" : place(context.codingPath) + ": ") + context.debugDescription
        default: "\(error)"
        }
    }
}

private struct File: Decodable {
    struct Problem: Decodable {
        var text: String
        var annotations: [String: Annotation]

        enum CodingKeys: String, CodingKey {
            case text = "_text"
            case annotations = "fws_annotations"
        }
    }

    struct Annotation: Decodable {
        var text: String
        var start: Int?
        var end: Int?
        var author: String

        enum CodingKeys: String, CodingKey {
            case text, author
            case start = "start_idx"
            case end = "end_idx"
        }

        /// Bytes of `text`, none of them where nothing is wrong; `nil` where the indices are no range of it.
        var firstWrongStep: Range<Int>? {
            switch (start, end) {
            case (nil, nil): return 0..<0
            case (let start?, let end?):
                let scalars = text.unicodeScalars
                guard start >= 0, start < end, end <= scalars.count else { return nil }
                let widths = scalars.prefix(end).map { UTF8.width($0) }
                return widths[..<start].reduce(0, +)..<widths.reduce(0, +)
            default: return nil
            }
        }
    }

    var problems: [String: Problem]
}
