/// `\w` and `\s` at the edges of a text, as Rust's `regex` sees them: what an added token's neighbours are.
enum WordCharacter {
    typealias Text = Slice<UnsafeBufferPointer<UInt8>>

    static func starts(_ text: Text) -> Bool { firstScalar(text).map { isWord($0) } ?? false }

    static func ends(_ text: Text) -> Bool { lastScalar(text).map { isWord($0.scalar) } ?? false }

    /// Where the spaces at the end of `text` start; its end where there are none.
    static func startOfTrailingSpace(_ text: Text) -> Int {
        var text = text
        while let (scalar, start) = lastScalar(text), scalar.properties.isWhitespace { text = text[..<start] }
        return text.endIndex
    }

    /// Where the spaces at the start of `text` end.
    static func endOfLeadingSpace(_ text: Text) -> Int {
        var text = text
        while let scalar = firstScalar(text), scalar.properties.isWhitespace { text = text.dropFirst(UTF8.width(scalar)) }
        return text.startIndex
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return properties.isAlphabetic || properties.isJoinControl
        }
    }

    private static func firstScalar(_ text: Text) -> Unicode.Scalar? {
        var decoder = UTF8()
        var bytes = text.prefix(4).makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&bytes) else { return nil }
        return scalar
    }

    private static func lastScalar(_ text: Text) -> (scalar: Unicode.Scalar, start: Int)? {
        guard let start = text.lastIndex(where: { $0 & 0xC0 != 0x80 }), let scalar = firstScalar(text[start...]) else {
            return nil
        }
        return (scalar, start)
    }
}
