/// The loss of every token of a held-out split under one model: `rows` blocks of `positions` tokens, row-major.
///
/// Position t of a row holds the loss of predicting token t from those before it. Nothing predicts position 0,
/// so it is masked.
public struct TokenLosses: Sendable, Equatable {
    public var rows: Int
    public var positions: Int
    /// `[rows, positions]`, nats. Meaningless where the mask is `false`.
    public var losses: [Float]
    /// `[rows, positions]`: which losses count.
    public var mask: [Bool]
    /// `[rows, positions]`, where known.
    public var inputIDs: [Int32]?
    /// `[rows]`: a number for the document that a row begins in, where known. Rows of one document hang together.
    public var documents: [Int32]?

    /// - Throws: `RunRecordError.inconsistentCounts` where an array is not as long as it says.
    public init(
        rows: Int, positions: Int, losses: [Float], mask: [Bool], inputIDs: [Int32]? = nil, documents: [Int32]? = nil
    ) throws {
        for (what, count) in [("losses", losses.count), ("mask", mask.count), ("input_ids", inputIDs?.count ?? rows * positions)]
        where count != rows * positions {
            throw RunRecordError.inconsistentCounts(what: what, found: count, expected: rows * positions)
        }
        if let documents, documents.count != rows {
            throw RunRecordError.inconsistentCounts(what: "documents", found: documents.count, expected: rows)
        }
        (self.rows, self.positions, self.losses, self.mask) = (rows, positions, losses, mask)
        (self.inputIDs, self.documents) = (inputIDs, documents)
    }

    /// How many losses count.
    public var count: Int { mask.reduce(0) { $0 + ($1 ? 1 : 0) } }

    /// The losses that count, in order.
    public var counted: [Float] { zip(losses, mask).compactMap { $1 ? $0 : nil } }
}
