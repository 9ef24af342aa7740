import Corpora
import Foundation
import Testing

@Suite struct ChampAnswersTests {
    private let folder = try! TemporaryFolder()

    @Test func theMarkedStepIsFoundByScalars() throws {
        let golden = URL(fileURLWithPath: #filePath).appendingPathComponent("../../Goldens/champ.json").standardized
        let answers = try ChampAnswers(golden).answers
        #expect(answers.map(\.problem) == ["P_Algebra_1", "P_Number_2", "P_Number_2"])
        #expect(answers.map(\.author) == ["M-1", "M-1", "M-2"])
        let answer = answers[2]
        // 𝑛 is one scalar, two UTF-16 units and four bytes; ≥ is three bytes.
        let step = try #require(answer.firstWrongStep)
        #expect(String(decoding: Array(answer.text.utf8)[step], as: UTF8.self) == "𝑛² is even.")

        let marked = answer.marked
        #expect(marked.text == "Is n² even?\n\nAs n ≥ 2, 𝑛² is even.")
        let bytes = Array(marked.text.utf8)
        #expect(marked.bad.map { String(decoding: bytes[$0], as: UTF8.self) } == ["𝑛² is even."])
        #expect(marked.context.map { String(decoding: bytes[$0], as: UTF8.self) } == ["Is n² even?\n\n"])
        #expect(answers[1].marked == MarkedText("Is n² even?\n\nNo.", bad: [], context: [0..<14]))
        #expect(answers[0].marked.bad == [14..<15])
    }

    @Test func theSeedDecidesTheOrder() throws {
        let file = try folder.write(
            Self.file((0..<50).map { _ in #"{"text": "a b", "start_idx": 0, "end_idx": 1, "author": "M"}"# }), to: "champ.json")
        let answers = try ChampAnswers(file)
        #expect(answers.answers.count == 50)
        #expect(answers.shuffled(seed: 1) == answers.shuffled(seed: 1))
        #expect(answers.shuffled(seed: 1) != answers.shuffled(seed: 2))
        #expect(answers.shuffled(seed: 1).map(\.problem).sorted() == answers.answers.map(\.problem))
    }

    @Test(arguments: [
        (#"{"text": "abc", "start_idx": -1, "end_idx": 2, "author": "M"}"#, "first wrong step of P_00, k, lies outside"),
        (#"{"text": "abc", "start_idx": 1, "end_idx": 4, "author": "M"}"#, "lies outside its answer"),
        (#"{"text": "abc", "start_idx": 2, "end_idx": 2, "author": "M"}"#, "lies outside its answer"),
        (#"{"text": "abc", "start_idx": 1, "end_idx": null, "author": "M"}"#, "lies outside its answer"),
        (#"{"text": "abc", "start_idx": 1, "end_idx": 9223372036854775807, "author": "M"}"#, "lies outside its answer"),
        (#"{"text": "abc", "start_idx": null, "end_idx": null, "author": "M"}"#, "no answer has a marked step"),
        (#"{"text": 3, "start_idx": 0, "end_idx": 1, "author": "M"}"#, "problems/P_00/fws_annotations/k/text has another type"),
        (#"{"text": "abc", "start_idx": 1.5, "end_idx": 2, "author": "M"}"#, "not valid"),
        (#"{"start_idx": 0, "end_idx": 1, "author": "M"}"#, "it has no problems/P_00/fws_annotations/k/text"),
        (#"{"text": "abc""#, "JSON"),
    ])
    func aBadFileIsRefused(annotation: String, reason: String) throws {
        let file = try folder.write(Self.file([annotation]), to: "champ.json")
        let error = #expect(throws: CorpusError.self) { try ChampAnswers(file) }
        guard case .badAnswers(file.path, let found)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.contains(reason), "\(found)")
    }

    @Test func anythingElseIsRefused() throws {
        for text in ["", "[]", "{}", #"{"problems": {}}"#, #"{"problems": []}"#, String(repeating: "[", count: 100_000)] {
            let file = try folder.write(text, to: "champ.json")
            #expect(throws: CorpusError.self) { try ChampAnswers(file) }
        }
        #expect(throws: CorpusError.self) { try ChampAnswers(folder.url.appendingPathComponent("absent.json")) }
    }

    private static func file(_ annotations: [String]) -> String {
        let problems = annotations.enumerated().map { index, annotation in
            let name = "P_" + (index < 10 ? "0" : "") + String(index)
            return #""\#(name)": {"_text": "?", "fws_annotations": {"k": \#(annotation)}}"#
        }
        return #"{"problems": {\#(problems.joined(separator: ", "))}}"#
    }
}
