import Corpora
import Foundation
import Testing

@Suite struct TextCorruptionTests {
    /// 320 lines of prose with numbers, code and other scripts.
    private static let page: String = {
        let topics = ["matrix", "polynomial ring", "finite field", "Straße", "naïve 数学 method", "elliptic curve", "group"]
        return (0..<320).map { line in
            "Line \(line): the \(topics[line % topics.count]) is called from sage.rings.p\(line % 5), in 10 of \(line * 7) cases."
        }.joined(separator: "\n") + "\n"
    }()

    private func corrupted(_ name: String, share: Double = 0.15, seed: UInt64 = 3, document: Int = 0) throws -> EditedText {
        try TextCorruptionRegistry.corruption(named: name).corrupt(Self.page, share: share, seed: seed, document: document)
    }

    @Test(arguments: TextCorruptionRegistry.names) func undoingEveryEditGivesTheOriginal(_ name: String) throws {
        let damaged = try corrupted(name)
        #expect(damaged.edits.count > 20)
        #expect(damaged.replaced.count == damaged.edits.count)
        var bytes = Array(damaged.text.utf8)
        let original = Array(Self.page.utf8)
        for (place, edit) in zip(damaged.replaced, damaged.edits).reversed() {
            #expect(bytes[place].elementsEqual(edit.replacement.utf8))
            #expect(!bytes[place].elementsEqual(original[edit.range]))
            bytes.replaceSubrange(place, with: original[edit.range])
        }
        #expect(bytes == original)
    }

    @Test(arguments: TextCorruptionRegistry.names) func theSeedAndTheDocumentDecide(_ name: String) throws {
        #expect(try corrupted(name) == corrupted(name))
        #expect(try corrupted(name, seed: 4) != corrupted(name))
        #expect(try corrupted(name, document: 1) != corrupted(name))
    }

    /// Words in damaged places, as a share of all words of the damaged text.
    @Test(arguments: TextCorruptionRegistry.names, [0.05, 0.15, 0.4]) func theShareIsKept(_ name: String, share: Double) throws {
        let damaged = try corrupted(name, share: share)
        func words(_ text: some StringProtocol) -> Int {
            text.split { !$0.isLetter && !$0.isNumber }.count {
                name == "ocr" || name == "boilerplate" || $0.allSatisfy(\.isLetter)
            }
        }
        let bad = damaged.replaced.reduce(0) { $0 + words(String(decoding: Array(damaged.text.utf8)[$1], as: UTF8.self)) }
        let found = Double(bad) / Double(words(damaged.text))
        // A shuffle leaves some words in their places; a lost space makes one word of two.
        #expect(abs(found - share) < 0.2 * share, "\(found)")
    }

    @Test(arguments: TextCorruptionRegistry.names) func textWithoutWordsIsLeftAlone(_ name: String) throws {
        let corruption = try TextCorruptionRegistry.corruption(named: name)
        for text in ["", "\n\n", "?! … —"] {
            #expect(corruption.corrupt(text, share: 0.5, seed: 0, document: 0).text == text)
        }
    }

    @Test func swappedWordsAreTheDocumentsOwn() throws {
        let damaged = try corrupted("swapped-words")
        func words(_ text: String) -> [Substring] { text.split { !$0.isLetter }.sorted() }
        #expect(words(damaged.text) == words(Self.page))
        #expect(damaged.text.filter { !$0.isLetter } == Self.page.filter { !$0.isLetter })
        #expect(damaged.edits.allSatisfy { $0.replacement.allSatisfy(\.isLetter) && $0.replacement.count >= 2 })
    }

    @Test func shuffledSpansKeepTheirWordsTogether() {
        let text = (0..<64).map { "w" + String(repeating: "a", count: $0) }.joined(separator: " ")
        // The one-letter `w` isn't prose: the first span begins with `wa`.
        let damaged = ShuffledSpans(length: 4).corrupt(text, share: 0.5, seed: 0, document: 0)
        let (before, after) = (text.split(separator: " ").dropFirst(), damaged.text.split(separator: " ").dropFirst())
        var shuffled = 0
        for start in stride(from: before.startIndex, to: before.endIndex - 3, by: 4) {
            #expect(before[start..<start + 4].sorted() == after[start..<start + 4].sorted())
            shuffled += before[start..<start + 4] == after[start..<start + 4] ? 0 : 1
        }
        #expect((7...8).contains(shuffled))
    }

    @Test func boilerplateStandsBetweenLines() throws {
        let damaged = try corrupted("boilerplate")
        let lines = damaged.text.split(separator: "\n", omittingEmptySubsequences: false)
        let originals = Set(Self.page.split(separator: "\n", omittingEmptySubsequences: false))
        #expect(lines.filter(originals.contains).count == 321)
        #expect(lines.contains("Skip to main content"))
        // A text of one line gets it after its end.
        let one = InsertedBoilerplate().corrupt(
            "one line of twenty words " + String(repeating: "word ", count: 60), share: 0.3, seed: 0, document: 0)
        #expect(one.edits.map(\.range) == [one.original.utf8.count..<one.original.utf8.count])
    }

    @Test func misreadWordsLookLikeTheOriginal() throws {
        let damaged = try corrupted("ocr")
        let original = Array(Self.page.utf8)
        var lostSpaces = 0
        for edit in damaged.edits {
            let word = String(decoding: original[edit.range], as: UTF8.self)
            if word.contains(" ") {
                #expect(edit.replacement == word.replacing(" ", with: ""))
                lostSpaces += 1
            } else {
                #expect(abs(edit.replacement.count - word.count) <= 1)
            }
        }
        #expect(lostSpaces > 10 && lostSpaces < damaged.edits.count / 2)
        #expect(damaged.edits.contains { $0.replacement == "rnatrix" })
    }

    @Test func anUnknownNameIsAnsweredWithTheKnownOnes() {
        let error = #expect(throws: CorpusError.self) { try TextCorruptionRegistry.corruption(named: "typos") }
        #expect("\(error!)".contains("boilerplate, ocr, shuffled-spans, swapped-words"))
    }
}
