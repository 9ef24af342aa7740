/// Damage to a file, the same for the same seed: what libFuzzer does, without its memory of what was worth doing.
struct Mutation {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// One to four changes: bytes flipped, set to an extreme, cut out or doubled; numbers replaced by ones that overflow.
    mutating func applied(to bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...draw(4) where !bytes.isEmpty {
            let place = draw(bytes.count)
            let end = min(bytes.count, place + 1 + draw(16))
            switch draw(7) {
            case 0: bytes[place] ^= 1 << UInt8(draw(8))
            case 1: bytes[place] = [0x00, 0x7F, 0x80, 0xFF, 0x22, 0x5B, 0x7B][draw(7)]
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4: bytes.removeSubrange(place...)
            case 5:
                for index in place..<min(bytes.count, place + 8) { bytes[index] = index < place + 7 ? 0xFF : 0x7F }
            default: replaceNumber(in: &bytes, from: place)
            }
        }
        return bytes
    }

    /// The next run of digits: text has its numbers in these.
    private func digits(in bytes: [UInt8], from place: Int) -> Range<Int>? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let start = bytes[place...].firstIndex(where: digits.contains) else { return nil }
        return start..<(bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count)
    }

    private mutating func replaceNumber(in bytes: inout [UInt8], from place: Int) {
        guard let range = digits(in: bytes, from: place) else { return }
        let numbers = [
            "-1", "0", "1e999", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "4294967296", "1e308", "0.5",
        ]
        bytes.replaceSubrange(range, with: numbers[draw(numbers.count)].utf8)
    }

    /// SplitMix64, below `bound`.
    private mutating func draw(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((word ^ (word >> 31)).multipliedFullWidth(by: UInt64(bound)).high)
    }
}
