/// What the pre-tokenizers' patterns ask about a character, as a set of flags.
///
/// `letter`, `number`, `space` and `other` are `\p{L}`, `\p{N}`, `\s` and the rest, as Oniguruma (Unicode 16) sees them in
/// Hugging Face's `tokenizers`; each character has exactly one of them. `digit` is Rust's `char::is_numeric` (Unicode 17), which
/// the `Digits` pre-tokenizer asks: a number, or one of 13 characters that Oniguruma doesn't know yet.
package struct CharacterClasses: OptionSet, Sendable {
    package let rawValue: UInt8

    package static let letter = CharacterClasses(rawValue: 1)
    package static let number = CharacterClasses(rawValue: 2)
    package static let space = CharacterClasses(rawValue: 4)
    package static let other = CharacterClasses(rawValue: 8)
    package static let digit = CharacterClasses(rawValue: 16)

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ scalar: Unicode.Scalar) {
        let properties = scalar.properties
        /// Assigned in Unicode 16 or before.
        var isKnown: Bool { properties.age.map { $0.major <= 16 } ?? false }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = isKnown ? .letter : .other
        case .decimalNumber, .letterNumber, .otherNumber:
            self = isKnown ? [.number, .digit] : [.other, .digit]
        default:
            self = properties.isWhitespace ? .space : .other
        }
    }
}

/// `CharacterClasses` by code point, a byte each.
package struct CharacterClassTable: Sendable {
    /// Above it there are neither letters, numbers nor spaces: only tags, variation selectors and private use.
    private static let limit: UInt32 = 0x33480

    /// Made on first use, in some hundredths of a second, and never freed.
    package static let shared = CharacterClassTable()

    // The memory is written in `init` alone.
    private nonisolated(unsafe) let flags: UnsafePointer<UInt8>

    private init() {
        let flags = UnsafeMutablePointer<UInt8>.allocate(capacity: Int(Self.limit))
        for value in 0..<Self.limit {
            flags[Int(value)] = (Unicode.Scalar(value).map { CharacterClasses($0) } ?? .other).rawValue
        }
        self.flags = UnsafePointer(flags)
    }

    /// The classes of the character at `index` of valid UTF-8, and its length in bytes.
    @inline(__always)
    package func character(of text: UnsafeBufferPointer<UInt8>, at index: Int) -> (classes: CharacterClasses, length: Int) {
        let first = text[index]
        if first < 0x80 { return (CharacterClasses(rawValue: flags[Int(first)]), 1) }
        return multiByteCharacter(of: text, at: index)
    }

    private func multiByteCharacter(of text: UnsafeBufferPointer<UInt8>, at index: Int) -> (
        classes: CharacterClasses, length: Int
    ) {
        let (value, length) = decodeMultiByteScalar(text, at: index)
        return (value < Self.limit ? CharacterClasses(rawValue: flags[Int(value)]) : .other, length)
    }

    /// Where the run of characters of one of `classes` that starts at `start` ends.
    @inline(__always)
    func endOfRun(of classes: CharacterClasses, in text: UnsafeBufferPointer<UInt8>, from start: Int, limit: Int) -> Int {
        var index = start
        while index < limit {
            let (found, length) = character(of: text, at: index)
            if found.isDisjoint(with: classes) { break }
            index += length
        }
        return index
    }
}

/// The code point at `index` of valid UTF-8, where it takes more than one byte, and how many it takes.
@inline(__always)
func decodeMultiByteScalar(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> (value: UInt32, length: Int) {
    let first = UInt32(text[index])
    let second = UInt32(text[index + 1] & 0x3F)
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
    let third = UInt32(text[index + 2] & 0x3F)
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
    return ((first & 0x07) << 18 | second << 12 | third << 6 | UInt32(text[index + 3] & 0x3F), 4)
}
