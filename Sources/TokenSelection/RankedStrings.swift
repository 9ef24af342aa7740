import Torch

/// An order of tokens that lie on several ranks, each token a string of bytes that compare from the left.
///
/// Asked for the token at some place of the order, the ranks find its string together and none sees another's tokens: a radix
/// selection. Of the strings that begin as the wanted one does, each rank counts how many go on with which byte; the sum of the
/// counts over all ranks tells the next byte. So a place costs 256 counts a byte, however many tokens there are.
struct RankedStrings {
    /// Bytes of a string.
    let width: Int
    /// This rank's strings, one after another.
    private(set) var bytes: [UInt8] = []

    init(width: Int) { self.width = width }

    var count: Int { bytes.count / width }

    subscript(index: Int) -> ArraySlice<UInt8> { bytes[index * width..<(index + 1) * width] }

    /// The parts of the next string, together `width` bytes.
    mutating func append(_ parts: [OrderedBytes]) {
        for part in parts { bytes += part.bytes }
        assert(bytes.count.isMultiple(of: width), "\(parts) don't make \(width) bytes")
    }

    /// The strings that stand at `places` of the descending order of all ranks' strings, 0 being the greatest.
    ///
    /// - Precondition: every place is less than the number of all ranks' strings, and every rank asks for the same.
    /// - Throws: `RankError.lost`
    func strings(at places: [Int], among ranks: ProcessGroup) throws -> [[UInt8]] {
        var found = places.map { _ in [UInt8]() }
        var remaining = places
        // For each place this rank's strings that begin as the wanted one does.
        var alike = places.map { _ in Array(0..<count) }
        for column in 0..<width {
            var counts = [Int](repeating: 0, count: 256 * places.count)
            for (place, indices) in alike.enumerated() {
                for index in indices { counts[256 * place + Int(bytes[index * width + column])] += 1 }
            }
            counts = try ranks.sum(counts, "ranking tokens")
            for place in places.indices {
                var byte = 255
                while byte > 0, remaining[place] >= counts[256 * place + byte] {
                    remaining[place] -= counts[256 * place + byte]
                    byte -= 1
                }
                found[place].append(UInt8(byte))
                alike[place].removeAll { bytes[$0 * width + column] != UInt8(byte) }
            }
        }
        return found
    }

    /// Whether the string at `index` is `other` or greater.
    func isAtLeast(_ other: [UInt8], at index: Int) -> Bool { !self[index].lexicographicallyPrecedes(other) }
}

/// Values as bytes that compare as they do, the most significant first.
enum OrderedBytes {
    case flag(Bool)
    /// Not NaN. Both zeros are the same.
    case number(Double)
    /// The earlier is the greater.
    case position(Int)

    var bytes: [UInt8] {
        switch self {
        case .flag(let flag): return [flag ? 1 : 0]
        case .number(let number):
            let bits = (number + 0).bitPattern
            // Of negative numbers the greater magnitude is the lesser, and all are less than the positive ones.
            let ordered = bits >> 63 == 1 ? ~bits : bits | 1 << 63
            return withUnsafeBytes(of: ordered.bigEndian, Array.init)
        case .position(let position): return withUnsafeBytes(of: (UInt32.max - UInt32(position)).bigEndian, Array.init)
        }
    }

    static let flagWidth = 1, numberWidth = 8, positionWidth = 4
}
