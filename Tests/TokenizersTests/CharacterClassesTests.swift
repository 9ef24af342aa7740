import Foundation
import PeerProcess
import Testing
import Tokenizers

struct CharacterClassesTests {
    /// Every code point there is, against the regular expressions of Hugging Face's `tokenizers`.
    @Test func everyCharacter() throws {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-classes-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        try PeerProcess.run(PeerProcess.oracle("character_classes.py"), [output.path])
        let expected = [UInt8](try Data(contentsOf: output))
        try #require(expected.count == 0x110000)
        var wrong: [String] = []
        for (value, flags) in expected.enumerated() {
            guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
            let bytes = Array(String(scalar).utf8)
            let (classes, length) = bytes.withUnsafeBufferPointer { CharacterClassTable.shared.character(of: $0, at: 0) }
            let known = CharacterClasses(rawValue: flags)
            let isOther = known.isDisjoint(with: [.letter, .number, .space])
            if length != bytes.count || classes != (isOther ? known.union(.other) : known) {
                wrong.append(String(value, radix: 16))
            }
        }
        #expect(wrong.isEmpty)
    }
}
