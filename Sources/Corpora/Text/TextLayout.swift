/// Plain text in the making: collapses white space as browsers do, and separates paragraphs by blank lines.
struct TextLayout {
    enum Separation: Int, Comparable {
        case none, line, paragraph

        static func < (left: Separation, right: Separation) -> Bool { left.rawValue < right.rawValue }
    }

    private var bytes: [UInt8] = []
    /// What comes before the next visible character: separations do not add up, the strongest counts.
    private var pending = Separation.none
    private var pendingSpace = false
    private var pendingMark: String?
    private var preformattedDepth = 0
    private var startsPreformatted = false

    var finished: String { String(decoding: bytes, as: UTF8.self) }

    mutating func separate(_ separation: Separation) {
        pending = max(pending, separation)
        pendingSpace = false
    }

    /// Begins a list item. The mark appears with the item's first text.
    mutating func mark(_ mark: String) { pendingMark = mark }

    mutating func breakLine() {
        guard preformattedDepth == 0 else { return append(verbatim: UInt8(ascii: "\n")) }
        separate(.line)
    }

    /// Between two cells of a row. Nothing where a block stood between them.
    mutating func tabulate() {
        guard pending == .none, !bytes.isEmpty else { return }
        pendingSpace = false
        bytes.append(UInt8(ascii: "\t"))
    }

    mutating func beginPreformatted() {
        preformattedDepth += 1
        startsPreformatted = true
    }

    mutating func endPreformatted() {
        preformattedDepth -= 1
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: " ") { bytes.removeLast() }
    }

    mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < text.count {
            let byte = text[index]
            // A no-break space, C2 A0, is layout too.
            let isNoBreakSpace = byte == 0xC2 && index + 1 < text.count && text[index + 1] == 0xA0
            index += isNoBreakSpace ? 2 : 1
            if preformattedDepth > 0 {
                append(verbatim: isNoBreakSpace ? UInt8(ascii: " ") : byte)
            } else if isNoBreakSpace || Self.isSpace(byte) {
                pendingSpace = true
            } else {
                beginText()
                bytes.append(byte)
            }
        }
    }

    private mutating func append(verbatim byte: UInt8) {
        guard byte != UInt8(ascii: "\r") else { return }
        // The line end directly after <pre> is not part of it.
        if startsPreformatted, byte == UInt8(ascii: "\n") {
            startsPreformatted = false
            return
        }
        startsPreformatted = false
        beginText()
        bytes.append(byte)
    }

    /// Writes what was put off until there is text after it.
    private mutating func beginText() {
        if !bytes.isEmpty {
            switch pending {
            case .paragraph: bytes += [UInt8(ascii: "\n"), UInt8(ascii: "\n")]
            case .line: bytes.append(UInt8(ascii: "\n"))
            case .none: if pendingSpace, bytes.last != UInt8(ascii: "\t") { bytes.append(UInt8(ascii: " ")) }
            }
        }
        if let mark = pendingMark { bytes += Array(mark.utf8) }
        (pending, pendingSpace, pendingMark) = (.none, false, nil)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
