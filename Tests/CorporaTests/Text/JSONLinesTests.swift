import Corpora
import Foundation
import Testing

@Suite struct JSONLinesTests {
    let folder = try! TemporaryFolder()

    @Test func everyLineIsADocument() async throws {
        let file = try folder.write(
            #"{"text": "one\n\u00e9 \ud83d\ude00", "n": [1, {"text": "no"}]}"# + "\n\n  \r\n" + #"{"id": null, "text": "two"}"#
                + "\r\n"
                + #"{"text": "three"}"#, to: "pages.jsonl")
        let prepared = try await Prepared([file], in: folder)
        #expect(prepared.train == ["one\né 😀", "two", "three"])
        #expect(prepared.trainNames == ["pages.jsonl:1", "pages.jsonl:4", "pages.jsonl:5"])
    }

    @Test func theFieldIsChosen() async throws {
        let file = try folder.write(#"{"body": "yes", "text": "no"}"#, to: "a.jsonl")
        #expect(try await Prepared([file], in: folder) { $0.field = "body" }.train == ["yes"])
    }

    @Test(arguments: [
        (#"{"text": "cut"#, "not valid JSON"), (#"["text"]"#, "not a JSON object"), ("12", "not a JSON object"),
        (#"{"body": "x", "id": 1}"#, #"no field "text"; it has body, id"#), ("{}", #"no field "text"; it has none"#),
        (#"{"text": 12}"#, #"the field "text" is not a string"#), (#"{"text": null}"#, #"the field "text" is not a string"#),
        (#"{"text": "a"} {"text": "b"}"#, "not valid JSON"),
    ])
    func aBadLineIsNamed(line: String, reason: String) async throws {
        let file = try folder.write("{\"text\": \"good\"}\n\n\(line)\n{\"text\": \"good\"}\nalso bad\n", to: "bad.jsonl")
        let error = await failure([file], in: folder)
        guard case .badLine(file.path, 3, let found)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.hasPrefix(reason))
    }

    /// Lines longer than a piece of the file, and ends that fall on the seams between pieces.
    @Test func longLinesAreWhole() async throws {
        let texts = [1, 262_131, 262_132, 262_133, 700_000, 3].map { String(repeating: "x", count: $0) + "\($0)" }
        let file = try folder.write(texts.map { "{\"text\": \"\($0)\"}\n" }.joined(), to: "long.jsonl")
        #expect(try await Prepared([file], in: folder).train == texts)
    }
}
