/// Finds the name that a mistyped one was meant to be.
package enum NearestName {
    /// The candidate with the fewest edits from `name`, letter case aside; nil where none is near enough to be a guess
    /// worth making: more than a third of the letters wrong (two letters are always allowed).
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        let folded = name.lowercased()
        let nearest = candidates.map { ($0, distance(folded, $0.lowercased())) }.min { $0.1 < $1.1 }
        guard let (candidate, edits) = nearest, edits <= max(2, name.count / 3), edits < max(name.count, candidate.count) else {
            return nil
        }
        return candidate
    }

    /// Edits (insertion, deletion, replacement, exchange of neighbours) between two words: the optimal string
    /// alignment distance.
    package static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first)
        let b = Array(second)
        var table = [[Int]](repeating: Array(0...b.count), count: a.count + 1)
        for i in 0...a.count {
            table[i][0] = i
        }
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        for i in 1...a.count {
            for j in 1...b.count {
                let replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                table[i][j] = min(replaced, table[i - 1][j] + 1, table[i][j - 1] + 1)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
                }
            }
        }
        return table[a.count][b.count]
    }
}
