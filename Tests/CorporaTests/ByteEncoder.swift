import Corpora

/// A tokenizer of 256 tokens, one a byte.
struct ByteEncoder: TextEncoder {
    let vocabularySize = 256

    func encode(_ text: String) -> [Int32] { text.utf8.map { Int32($0) } }
    func decode(_ tokens: [Int32]) -> String { String(decoding: tokens.map { UInt8($0) }, as: UTF8.self) }
    func byteCounts(of tokens: [Int32]) -> [Int] { tokens.map { _ in 1 } }
}
