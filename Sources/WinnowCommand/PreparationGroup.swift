import Winnow

/// A process group as a corpus's preparation asks of it.
final class PreparationGroup: PreparationRanks, @unchecked Sendable {
    // @unchecked: a preparation makes one request after another, whichever thread it is on.
    private let group: ProcessGroup

    init(_ group: ProcessGroup) { self.group = group }

    var rank: Int { group.rank }
    var count: Int { group.count }

    func agree(on facts: [String: String]) throws { try RankAgreement(facts).check(among: group) }
    func sum(_ values: [Int]) throws -> [Int] { try group.sum(values, "comparing documents") }
    func gather(_ bytes: [UInt8]) throws -> [[UInt8]] { try group.gather(bytes, "joining tokens") }
    func broadcast(_ bytes: [UInt8]) throws -> [UInt8] { try group.broadcast(bytes, "writing the corpus") }
}
