/// The cosines between every two of a set of updates.
public struct CosineMatrix: Sendable, Hashable {
    /// The updates' names, for rows and columns.
    public let labels: [String]
    /// `values[i][j]` is between update i and update j; symmetric.
    public let values: [[UpdateCosines]]

    public init(_ directions: [UpdateDirection]) throws {
        // Row i holds i…: the other half is its mirror image.
        let triangle = try directions.indices.map { i in
            try directions[i...].map { try directions[i].cosines(with: $0) }
        }
        labels = directions.map(\.name)
        values = directions.indices.map { i in
            directions.indices.map { j in triangle[min(i, j)][abs(i - j)] }
        }
    }
}
