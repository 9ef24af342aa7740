import Checkpoints

/// What every row of a store has in common: whose losses they are and how they are kept.
public struct ReferenceLossLayout: Sendable, Hashable {
    public enum Precision: String, Sendable, Hashable, CaseIterable {
        case float32
        /// Half the size; a loss is kept to within 1/2048 of itself.
        case float16
    }

    public var key: ReferenceLossKey
    public var storedAs: Precision
    public var hasEntropies: Bool

    public init(key: ReferenceLossKey, storedAs: Precision = .float32, hasEntropies: Bool = false) {
        (self.key, self.storedAs, self.hasEntropies) = (key, storedAs, hasEntropies)
    }

    /// Where this layout, a store's, isn't the one that is needed: the key's differences, and its own.
    func differences(from needed: ReferenceLossLayout) -> [ReferenceLossKey.Difference] {
        key.differences(from: needed.key)
            + zip(own, needed.own).filter { $0.value != $1.value }.map {
                ReferenceLossKey.Difference(field: $0.name, stored: $0.value, needed: $1.value)
            }
    }

    /// One line that is equal where, and only where, the layouts are.
    var text: String { ([key.text] + own.map { "\($0.name)=\($0.value)" }).joined(separator: " ") }

    private var own: [(name: String, value: String)] {
        [("storedAs", storedAs.rawValue), ("entropies", hasEntropies ? "yes" : "no")]
    }
}

// MARK: - Rows as bytes

extension ReferenceLossLayout {
    /// Of one row of `losses`, and of `entropies` where there are any.
    var rowByteCount: Int { key.blockLength * storedAs.elementType.blockByteCount }

    /// A row of the file: 0 at position 0 and after the last value.
    ///
    /// - Throws: `RunRecordError.notStorable` where a value is no number, or too large for the element type.
    func bytes(of row: ReferenceLossRow, _ values: [Float], file: String) throws -> [UInt8] {
        precondition(
            values.count == row.losses.count && (2...key.blockLength).contains(row.length),
            "block \(row.block): \(values.count) values of \(row.losses.count), in a block of \(key.blockLength)")
        if let flaw = values.first(where: { !$0.isFinite || storedAs == .float16 && !Float16($0).isFinite }) {
            throw RunRecordError.notStorable(
                file: file, block: row.block, reason: "it holds \(flaw), which is no \(storedAs.rawValue) number")
        }
        var padded = [Float](repeating: 0, count: key.blockLength)
        padded.replaceSubrange(1..<row.length, with: values)
        switch storedAs {
        case .float32: return padded.withUnsafeBytes(Array.init)
        case .float16: return padded.map { Float16($0) }.withUnsafeBytes(Array.init)
        }
    }

    /// The values of such a row, position 0 included.
    func values(_ row: ArraySlice<UInt8>) -> [Float] {
        row.withUnsafeBytes { bytes in
            (0..<key.blockLength).map { index in
                switch storedAs {
                case .float32: bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
                case .float16: Float(bytes.loadUnaligned(fromByteOffset: 2 * index, as: Float16.self))
                }
            }
        }
    }
}

extension ReferenceLossLayout.Precision {
    init?(_ type: ElementType) {
        guard let match = Self.allCases.first(where: { $0.elementType == type }) else { return nil }
        self = match
    }

    var elementType: ElementType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        }
    }
}
