/// Decodes tokens as they come, and never gives out half a character.
///
/// What `push` and `finish` return, put together, is what `Tokenizer.decode` makes of all the tokens. A character whose bytes are
/// spread over several tokens is held back until it is whole; so is a run of byte tokens until it ends, since its
/// last byte decides what becomes of the first.
public struct StreamingDecoder: Sendable {
    private let decoder: TokenDecoder
    private let skipped: Set<Int32>
    /// Decoded, not yet given out.
    private var pending: [UInt8] = []
    /// The run of byte tokens that has not ended.
    private var run: [UInt8] = []
    private var toStrip: Int

    init(_ decoder: TokenDecoder, skipping skipped: Set<Int32>) {
        (self.decoder, self.skipped, toStrip) = (decoder, skipped, decoder.strippedCount)
    }

    /// The text that is certain now. An id that no token has adds nothing.
    public mutating func push(_ id: Int32) -> String {
        append(id)
        let whole = Self.wholeCharacters(in: pending)
        defer { pending.removeSubrange(..<whole) }
        return String(decoding: pending[..<whole], as: UTF8.self)
    }

    /// The rest, with U+FFFD for bytes that never became a character. Afterwards the decoder starts afresh.
    public mutating func finish() -> String {
        endRun()
        defer { self = StreamingDecoder(decoder, skipping: skipped) }
        return String(decoding: pending, as: UTF8.self)
    }

    mutating func append(_ id: Int32) {
        guard !skipped.contains(id), let piece = decoder.piece(of: id) else { return }
        switch piece {
        case .fallbackByte(let byte): run.append(byte)
        case .bytes(let bytes):
            endRun()
            appendStripped(bytes)
        }
    }

    private mutating func endRun() {
        guard !run.isEmpty else { return }
        if String(validating: run, as: UTF8.self) != nil {
            appendStripped(run[...])
        } else {
            for _ in run { appendStripped([0xEF, 0xBF, 0xBD]) }
        }
        run.removeAll(keepingCapacity: true)
    }

    private mutating func appendStripped(_ bytes: ArraySlice<UInt8>) {
        var bytes = bytes
        while toStrip > 0, let first = bytes.first {
            if first == decoder.strippedByte {
                bytes = bytes.dropFirst()
                toStrip -= 1
            } else {
                toStrip = 0
            }
        }
        pending += bytes
    }

    /// How many of `bytes` can be decoded without what follows them: all but a character at the end that is not complete.
    private static func wholeCharacters(in bytes: [UInt8]) -> Int {
        guard let start = bytes.suffix(4).lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return bytes.count }
        let first = bytes[start]
        let length = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
        return bytes.count - start < length ? start : bytes.count
    }
}
