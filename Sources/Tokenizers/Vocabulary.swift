#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Token texts and their ids, both ways.
///
/// The texts lie one after the other in one buffer; an open-addressing table of ids finds a text. Texts are compared byte by byte:
/// `String`'s equality is canonical equivalence, which takes distinct tokens for one.
struct Vocabulary: Sendable {
    private let texts: [UInt8]
    /// Where token `id`'s text starts and ends, by id; an empty range for an id that no token has.
    private let ranges: [Range<Int>]
    /// Ids by hash, -1 where free. The count is a power of two.
    private let slots: [Int32]
    /// Whether its texts collide as no others do by chance; it was given up then, and knows some of them alone.
    let isClustered: Bool

    /// One more than the largest id.
    var count: Int { ranges.count }

    /// Where a text appears twice, the last one counts, as in Hugging Face's reader.
    init(_ entries: [(text: String, id: Int32)]) {
        self.init(bytes: entries.map { (Array($0.text.utf8), $0.id) })
    }

    /// Tokens whose texts need not be UTF-8.
    init(bytes entries: [(text: [UInt8], id: Int32)]) {
        var texts: [UInt8] = []
        var ranges = [Range<Int>](repeating: 0..<0, count: (entries.map { Int($0.id) }.max() ?? -1) + 1)
        for entry in entries {
            let start = texts.count
            texts += entry.text
            ranges[Int(entry.id)] = start..<texts.count
        }
        var capacity = 16
        while capacity < 2 * entries.count { capacity *= 2 }
        var slots = [Int32](repeating: -1, count: capacity)
        var looks = TokenizerLimits.looks(entries: entries.count)
        texts.withUnsafeBufferPointer { texts in
            for entry in entries {
                let text = UnsafeBufferPointer(rebasing: texts[ranges[Int(entry.id)]])
                var slot = Int(truncatingIfNeeded: byteHash(text) &>> 20) & (capacity - 1)
                while slots[slot] >= 0, !Self.equal(UnsafeBufferPointer(rebasing: texts[ranges[Int(slots[slot])]]), text) {
                    slot = (slot + 1) & (capacity - 1)
                    looks -= 1
                }
                slots[slot] = entry.id
                if looks < 0 { break }
            }
        }
        (self.texts, self.ranges, self.slots, isClustered) = (texts, ranges, slots, looks < 0)
    }

    func id(of text: UnsafeBufferPointer<UInt8>) -> Int32? {
        texts.withUnsafeBufferPointer { texts in
            var slot = Int(truncatingIfNeeded: byteHash(text) &>> 20) & (slots.count - 1)
            while slots[slot] >= 0 {
                if Self.equal(UnsafeBufferPointer(rebasing: texts[ranges[Int(slots[slot])]]), text) { return slots[slot] }
                slot = (slot + 1) & (slots.count - 1)
            }
            return nil
        }
    }

    func id(of text: String) -> Int32? {
        var text = text
        return text.withUTF8 { id(of: $0) }
    }

    /// The UTF-8 of token `id`'s text, `nil` where there is none.
    func text(of id: Int32) -> ArraySlice<UInt8>? {
        guard ranges.indices.contains(Int(id)), !ranges[Int(id)].isEmpty else { return nil }
        return texts[ranges[Int(id)]]
    }

    @inline(__always)
    private static func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
        guard a.count == b.count, let first = a.baseAddress, let second = b.baseAddress else { return a.count == b.count }
        return memcmp(first, second, a.count) == 0
    }
}
