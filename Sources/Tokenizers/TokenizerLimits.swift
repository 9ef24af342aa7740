/// How far a tokenizer's file is believed. Real ones stay far below; beyond, a few bytes of it would cost memory or time without end.
enum TokenizerLimits {
    /// Above every id: tables have a place for each below the largest. Gemma 3's 262,144 tokens are the most that Winnow reads.
    static let ids = 1 << 21
    /// Special tokens that a template puts around a text.
    static let templateTokens = 1024
    /// Steps of a normalizer, a pre-tokenizer or a decoder. Llama 2's have two.
    static let steps = 32
    /// Bytes of a pattern that text is searched for, or of what a step puts before it.
    static let patternBytes = 256
    /// How many times as long all replacements together may make a text: `▁` for a space makes it three times.
    static let growth = 64
    /// Bytes of all added tokens together, each of which is a node of a tree.
    static let addedBytes = 1 << 20

    /// Looks at a table's slots that filling it may take: a few for each entry, unless somebody chose entries that collide.
    static func looks(entries: Int) -> Int { 64 * entries + 4096 }
}
