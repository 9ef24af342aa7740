/// Processes that share the making of a corpus. Each reads the same files; rank 0 alone writes.
///
/// All make the same requests in the same order, one after another, and each waits for all.
public protocol PreparationRanks: Sendable {
    var rank: Int { get }
    var count: Int { get }
    /// - Throws: where a rank has other facts than the first.
    func agree(on facts: [String: String]) throws
    /// The sums over all ranks, place by place.
    func sum(_ values: [Int]) throws -> [Int]
    /// Every rank's bytes, in the order of ranks, at rank 0; nothing on the others.
    func gather(_ bytes: [UInt8]) throws -> [[UInt8]]
    /// The bytes that rank 0 has.
    func broadcast(_ bytes: [UInt8]) throws -> [UInt8]
}

extension PreparationRanks {
    /// Whose turn a document is, by its place in a batch.
    func owner(of place: Int) -> Int { place % count }
}

/// A process alone.
public struct SingleRank: PreparationRanks {
    public let rank = 0
    public let count = 1

    public init() {}

    public func agree(on facts: [String: String]) {}
    public func sum(_ values: [Int]) -> [Int] { values }
    public func gather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }
    public func broadcast(_ bytes: [UInt8]) -> [UInt8] { bytes }
}
