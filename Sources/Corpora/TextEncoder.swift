import Crypto

/// What turns a document into tokens: a tokenizer, as little of it as a corpus needs.
public protocol TextEncoder: Sendable {
    /// The tokens of `text`, no special tokens added.
    func encode(_ text: String) -> [Int32]
    /// The text of `tokens`.
    func decode(_ tokens: [Int32]) -> String
    /// How many bytes of UTF-8 each of `tokens` adds to `decode(tokens)`. A character may be spread over several.
    func byteCounts(of tokens: [Int32]) -> [Int]
    /// Every token is in `0 ..< vocabularySize`.
    var vocabularySize: Int { get }
}

extension TextEncoder {
    /// Right for an encoder whose tokens are whole characters, each the same wherever it stands.
    public func byteCounts(of tokens: [Int32]) -> [Int] { tokens.map { decode([$0]).utf8.count } }

    /// SHA-256, 32 bytes, of what the encoder does: every token's text, and the tokens of a sentence that pre-tokenizers part
    /// on. A tokenizer read from a GGUF file and the same one from `tokenizer.json` agree, which a hash of the file would not.
    public func fingerprint() -> [UInt8] {
        var hash = SHA256()
        var count: [UInt8] = []
        count.appendLittleEndian(UInt64(vocabularySize))
        hash.update(data: count)
        for token in 0..<Int32(clamping: vocabularySize) {
            hash.update(data: Array(decode([token]).utf8) + [0])
        }
        var tokens: [UInt8] = []
        for token in encode(fingerprintProbe) { tokens.appendLittleEndian(token) }
        hash.update(data: tokens)
        return Array(hash.finalize())
    }
}

/// Contractions, digits, runs of spaces, newlines, TeX, accents, other scripts and an emoji: where pre-tokenizers differ.
private let fingerprintProbe = """
    We'll prove 1234567890 ≤ 3.14159…  \t\tif x_1 == 'don't':\r\n\n    return \\frac{a}{b}  # naïve Straße
    数学は 수학 математика עִבְרִית 👩🏽‍🔬 A.B.C. HTTPServer2Go
    """
