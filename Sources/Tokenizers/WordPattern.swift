/// The regular expressions that byte-level models split text with, each as a scanner over UTF-8.
///
/// They cover every text without gaps, so a scanner is one function: where does the word end that starts here?
/// The end of the buffer part it is given is the end of the text to it, which matters to `(?!\S)`.
enum WordPattern: Sendable, Hashable {
    /// GPT-2, SmolLM: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    case gpt2
    /// Llama 3 (`numberLength` 3) and Qwen 2 (1), after tiktoken's cl100k:
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    case cl100k(numberLength: Int)

    /// The pattern that a `Split` pre-tokenizer writes as `expression`.
    init?(expression: String) {
        guard let pattern = Self.expressions[expression] else { return nil }
        self = pattern
    }

    private static let expressions: [String: WordPattern] = [
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
        llama3Expression: .cl100k(numberLength: 3),
        qwen2Expression: .cl100k(numberLength: 1),
    ]

    static let llama3Expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    static let qwen2Expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// Where the word ends that starts at `start < limit`.
    @inline(__always)
    func end(in text: UnsafeBufferPointer<UInt8>, from start: Int, limit: Int, table: CharacterClassTable) -> Int {
        switch self {
        case .gpt2: gpt2End(text, start, limit, table)
        case .cl100k(let numberLength): cl100kEnd(text, start, limit, table, numberLength)
        }
    }
}

private func gpt2End(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int, _ table: CharacterClassTable) -> Int {
    if text[start] == UInt8(ascii: "'") {
        let suffix = contractionLength(text, after: start, limit, ignoringCase: false)
        if suffix > 0 { return start + 1 + suffix }
    }
    // ` ?X+`: the class of the first character after an optional space decides.
    var (first, length) = table.character(of: text, at: start)
    var index = start + length
    if text[start] == UInt8(ascii: " "), index < limit {
        (first, length) = table.character(of: text, at: index)
        if first != .space { index += length }
    }
    if first == .space { return endOfSpace(text, start, limit, table) }
    return table.endOfRun(of: first.subtracting(.digit), in: text, from: index, limit: limit)
}

private func cl100kEnd(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int, _ table: CharacterClassTable, _ numberLength: Int
) -> Int {
    if text[start] == UInt8(ascii: "'") {
        let suffix = contractionLength(text, after: start, limit, ignoringCase: true)
        if suffix > 0 { return start + 1 + suffix }
    }
    let (first, length) = table.character(of: text, at: start)
    var index = start + length
    if first.contains(.letter) { return table.endOfRun(of: .letter, in: text, from: index, limit: limit) }
    if first.contains(.number) {
        for _ in 1..<numberLength where index < limit {
            let (next, length) = table.character(of: text, at: index)
            guard next.contains(.number) else { break }
            index += length
        }
        return index
    }
    let startsLine = isLineBreak(text[start])
    let (second, secondLength) = index < limit ? table.character(of: text, at: index) : (CharacterClasses.space, 0)
    if !startsLine, second.contains(.letter) {
        return table.endOfRun(of: .letter, in: text, from: index + secondLength, limit: limit)
    }
    if first.contains(.other) || (text[start] == UInt8(ascii: " ") && second.contains(.other)) {
        index = table.endOfRun(of: .other, in: text, from: index, limit: limit)
        while index < limit, isLineBreak(text[index]) { index += 1 }
        return index
    }
    // `\s*[\r\n]+`: the longest part of the run of spaces that ends with a line break.
    let spaceEnd = table.endOfRun(of: .space, in: text, from: start, limit: limit)
    if let lineBreak = text[start..<spaceEnd].lastIndex(where: isLineBreak) { return lineBreak + 1 }
    return endOfSpace(text, start, limit, table)
}

/// `\s+(?!\S)|\s+`: a run of spaces, without its last one where a word follows, unless it is the only one.
private func endOfSpace(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int, _ table: CharacterClassTable) -> Int {
    let end = table.endOfRun(of: .space, in: text, from: start, limit: limit)
    guard end < limit else { return end }
    var last = end - 1
    while text[last] & 0xC0 == 0x80 { last -= 1 }
    return last > start ? last : end
}

/// The bytes of `s`, `t`, `re`, `ve`, `m`, `ll` or `d` after an apostrophe, 0 where none follows.
///
/// Ignoring case, `ſ` (U+017F) is an `s`, as Oniguruma folds it.
private func contractionLength(
    _ text: UnsafeBufferPointer<UInt8>, after apostrophe: Int, _ limit: Int, ignoringCase: Bool
) -> Int {
    let folding: UInt8 = ignoringCase ? 0x20 : 0
    guard apostrophe + 1 < limit else { return 0 }
    let first = text[apostrophe + 1] | folding
    let second = apostrophe + 2 < limit ? text[apostrophe + 2] | folding : 0
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 1
    case UInt8(ascii: "r"), UInt8(ascii: "v"): return second == UInt8(ascii: "e") ? 2 : 0
    case UInt8(ascii: "l"): return second == UInt8(ascii: "l") ? 2 : 0
    default: break
    }
    let isLongS = apostrophe + 2 < limit && text[apostrophe + 1] == 0xC5 && text[apostrophe + 2] == 0xBF
    return ignoringCase && isLongS ? 2 : 0
}

@inline(__always)
private func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
