#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The tokens of words met before.
///
/// Text repeats its words, so most are found here and never merged. When it is full it starts afresh, which keeps it small
/// and needs no bookkeeping on a hit. One thread uses it at a time.
final class WordCache {
    /// Longer words repeat too rarely to be worth remembering.
    static let longestWord = 128

    private struct Slot {
        /// 0 where free.
        var hash: UInt32
        var wordStart: UInt32
        var tokenStart: UInt32
        var wordLength: UInt16
        var tokenCount: UInt16
    }

    // 1 MiB of slots (half of which fill), 1 MiB of words, 1 MiB of tokens: about what a core's second-level cache holds.
    private static let slotBits = 16
    private static let capacity = 1 << slotBits
    private static let wordBytes = 1 << 20
    private static let tokenRoom = 1 << 18

    private let slots: UnsafeMutablePointer<Slot>
    private let words: UnsafeMutablePointer<UInt8>
    private let tokens: UnsafeMutablePointer<Int32>
    private var (slotsUsed, wordsUsed, tokensUsed) = (0, 0, 0)

    init() {
        // Zeroes that the system has at hand: a short text touches few of these pages, and pays for no others.
        slots = calloc(Self.capacity, MemoryLayout<Slot>.stride).bindMemory(to: Slot.self, capacity: Self.capacity)
        words = .allocate(capacity: Self.wordBytes)
        tokens = .allocate(capacity: Self.tokenRoom)
    }

    deinit {
        free(slots)
        words.deallocate()
        tokens.deallocate()
    }

    /// The tokens of `word`, whose `byteHash` is `hash`; valid until the next `insert`.
    @inline(__always)
    func tokens(of word: UnsafeBufferPointer<UInt8>, hash: UInt64) -> UnsafeBufferPointer<Int32>? {
        let tag = Self.tag(hash)
        var index = Self.index(hash)
        while slots[index].hash != 0 {
            let slot = slots[index]
            if slot.hash == tag, Int(slot.wordLength) == word.count,
                memcmp(words + Int(slot.wordStart), word.baseAddress!, word.count) == 0
            {
                return UnsafeBufferPointer(start: tokens + Int(slot.tokenStart), count: Int(slot.tokenCount))
            }
            index = (index + 1) & (Self.capacity - 1)
        }
        return nil
    }

    /// Remembers a word that is not here, of at most `longestWord` bytes.
    func insert(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, tokens newTokens: UnsafeBufferPointer<Int32>) {
        if slotsUsed == Self.capacity / 2 || wordsUsed + word.count > Self.wordBytes
            || tokensUsed + newTokens.count > Self.tokenRoom
        {
            slots.update(
                repeating: Slot(hash: 0, wordStart: 0, tokenStart: 0, wordLength: 0, tokenCount: 0), count: Self.capacity)
            (slotsUsed, wordsUsed, tokensUsed) = (0, 0, 0)
        }
        var index = Self.index(hash)
        while slots[index].hash != 0 { index = (index + 1) & (Self.capacity - 1) }
        slots[index] = Slot(
            hash: Self.tag(hash), wordStart: UInt32(wordsUsed), tokenStart: UInt32(tokensUsed), wordLength: UInt16(word.count),
            tokenCount: UInt16(newTokens.count))
        (words + wordsUsed).update(from: word.baseAddress!, count: word.count)
        if let source = newTokens.baseAddress { (tokens + tokensUsed).update(from: source, count: newTokens.count) }
        slotsUsed += 1
        wordsUsed += word.count
        tokensUsed += newTokens.count
    }

    @inline(__always)
    private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) | 1 }

    @inline(__always)
    private static func index(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> UInt64(64 - slotBits)) }
}
