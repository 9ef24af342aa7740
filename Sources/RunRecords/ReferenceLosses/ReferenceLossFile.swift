import Checkpoints
import Foundation

/// A reference-loss store on disk, memory-mapped: a row is decoded when it is asked for, and nothing else is read.
///
/// safetensors, with these tensors:
///
/// | tensor | shape | type |
/// |---|---|---|
/// | `losses` | `[N, T]` | F32 or F16: position t holds the loss of predicting token t; position 0 and padding hold 0 |
/// | `entropies` | `[N, T]`, may be missing | as `losses` |
/// | `blocks` | `[N]` | I32, ascending: which of the text's blocks a row is |
/// | `lengths` | `[N]` | I32: tokens in the row, padding left out |
///
/// `lengths` is the mask in 4 bytes a row: positions 1 ..< length count. So the file is a token-loss file too, which
/// `TokenLossFile` reads. Its `__metadata__` holds `format`, every field of `ReferenceLossKey`, and `scoringSeconds`.
public struct ReferenceLossFile: Sendable {
    public static let format = "winnow.reference-losses.1"

    public let url: URL
    public let layout: ReferenceLossLayout
    /// Wall time of the reference's passes.
    public let scoringSeconds: Double
    /// Which blocks there are, ascending.
    public let blocks: [Int32]

    /// Tokens of each row.
    let lengths: [Int32]
    private let file: SafetensorsFile

    /// Maps the file and checks it: shapes against the file's length, blocks and lengths. Losses are not read.
    ///
    /// - Throws: `CheckpointError` where the file is damaged, `RunRecordError.notAReferenceLossFile`.
    public init(_ url: URL) throws { try self.init(SafetensorsFile(url)) }

    package init(_ file: SafetensorsFile) throws {
        let url = file.url
        func flaw(_ reason: String) -> RunRecordError { .notAReferenceLossFile(file: url.path, reason: reason) }
        guard file.metadata["format"] == Self.format else {
            throw flaw("its metadata says format \(file.metadata["format"] ?? "nothing"), not \(Self.format)")
        }
        let key = try ReferenceLossKey(metadata: file.metadata, file: url.path)
        guard let losses = file.description(of: "losses"), losses.shape.count == 2, losses.shape[1] == key.blockLength,
            let precision = ReferenceLossLayout.Precision(losses.elementType)
        else { throw flaw("`losses` is not [N, \(key.blockLength)] of F32 or F16") }
        let entropies = file.description(of: "entropies")
        if let entropies, entropies.shape != losses.shape || entropies.elementType != losses.elementType {
            throw flaw("`entropies` is not shaped and stored as `losses`")
        }
        func integers(_ name: String) throws -> [Int32] {
            guard let tensor = file.description(of: name), tensor.shape == [losses.shape[0]], tensor.elementType == .int32
            else { throw flaw("`\(name)` is not [N] of I32") }
            return try file.integers(name).map { Int32(truncatingIfNeeded: $0) }
        }
        guard let seconds = file.metadata["scoringSeconds"].flatMap(Double.init), seconds >= 0 else {
            throw flaw("its metadata has no readable `scoringSeconds`")
        }
        (self.url, self.file, scoringSeconds) = (url, file, seconds)
        (blocks, lengths) = (try integers("blocks"), try integers("lengths"))
        layout = ReferenceLossLayout(key: key, storedAs: precision, hasEntropies: entropies != nil)
        for row in blocks.indices {
            guard blocks[row] > (row > 0 ? blocks[row - 1] : -1) else { throw flaw("`blocks` doesn't ascend at row \(row)") }
            guard 2...Int32(key.blockLength) ~= lengths[row] else { throw flaw("row \(row) has \(lengths[row]) tokens") }
        }
    }

    /// Of the reference's passes, on average; 0 where there is no block.
    public var secondsPerBlock: Double { blocks.isEmpty ? 0 : scoringSeconds / Double(blocks.count) }

    /// - Throws: `RunRecordError.foreignReferenceLosses` with every difference.
    public func require(_ key: ReferenceLossKey) throws {
        let differences = layout.key.differences(from: key)
        guard differences.isEmpty else {
            throw RunRecordError.foreignReferenceLosses(file: url.path, differences: differences)
        }
    }

    public func contains(_ block: Int) -> Bool { row(ofBlock: block) != nil }

    /// - Throws: `RunRecordError.blockNotStored`
    public func losses(ofBlock block: Int) throws -> ReferenceLossRow {
        guard let row = row(ofBlock: block) else {
            throw RunRecordError.blockNotStored(file: url.path, block: block, rowCount: blocks.count)
        }
        func values(_ name: String) throws -> [Float] { try Array(file.floats(name, row: row)[1..<Int(lengths[row])]) }
        return ReferenceLossRow(
            block: block, losses: try values("losses"), entropies: layout.hasEntropies ? try values("entropies") : nil)
    }

    /// The bytes of a row as stored.
    func withBytes(of name: String, row: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let size = layout.rowByteCount
        try file.withBytes(of: name) { try body(UnsafeRawBufferPointer(rebasing: $0[row * size..<(row + 1) * size])) }
    }

    func row(ofBlock block: Int) -> Int? {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle] < block { low = middle + 1 } else { high = middle }
        }
        return low < blocks.count && blocks[low] == block ? low : nil
    }
}
