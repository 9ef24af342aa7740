/// Lists of tokens as bytes, for another rank of the same kind of machine.
struct TokenMessage {
    private(set) var bytes: [UInt8] = []
    private var place = 0

    init(_ lists: [[Int32]]) {
        bytes.reserveCapacity(lists.reduce(0) { $0 + 8 + 4 * $1.count })
        for list in lists {
            withUnsafeBytes(of: list.count) { bytes.append(contentsOf: $0) }
            list.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The next list.
    mutating func next() -> [Int32] {
        let count = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Int.self) }
        place += 8
        defer { place += 4 * count }
        return bytes.withUnsafeBytes { bytes in
            (0..<count).map { bytes.loadUnaligned(fromByteOffset: place + 4 * $0, as: Int32.self) }
        }
    }
}
