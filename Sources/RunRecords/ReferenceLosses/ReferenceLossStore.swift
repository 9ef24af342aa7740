import Checkpoints
import Foundation

/// A reference-loss store that grows: what its file holds, and what has been scored since.
///
/// New rows go to a log beside the file, where a killed process leaves them for the next one; `save()` makes one file of both,
/// which replaces the former one whole, and deletes the log. Memory doesn't grow with the number of rows, but for a few
/// bytes a block.
public final class ReferenceLossStore {
    public let url: URL
    public let layout: ReferenceLossLayout
    private var file: ReferenceLossFile?
    /// Opened when there is something to write, or something left.
    private var log: ReferenceLossLog?

    /// Opens what is there, or begins.
    ///
    /// - Throws: `RunRecordError.foreignReferenceLosses` with every difference where the file is of other losses or kept
    ///   otherwise, `.foreignPartialStore` where its beginning is, `.inUse`; and what reading a file throws.
    public init(at url: URL, layout: ReferenceLossLayout) throws {
        (self.url, self.layout) = (url, layout)
        if FileManager.default.fileExists(atPath: url.path) {
            let file = try ReferenceLossFile(url)
            let differences = file.layout.differences(from: layout)
            guard differences.isEmpty else {
                throw RunRecordError.foreignReferenceLosses(file: url.path, differences: differences)
            }
            self.file = file
        }
        let partial = Self.partial(of: url)
        if FileManager.default.fileExists(atPath: partial.path) { log = try ReferenceLossLog(at: partial, layout: layout) }
    }

    /// Deletes a store and what has been written of one.
    public static func remove(at url: URL) throws {
        for file in [url, partial(of: url)] where FileManager.default.fileExists(atPath: file.path) {
            do { try FileManager.default.removeItem(at: file) } catch {
                throw RunRecordError.unwritable(file: file.path, reason: error.localizedDescription)
            }
        }
    }

    public func contains(_ block: Int) -> Bool { file?.contains(block) == true || log?.recordOfBlock[block] != nil }

    /// Blocks that are there.
    public var count: Int { (file?.blocks.count ?? 0) + unsaved.count }

    /// Whether there is anything that `save()` would write.
    public var isSaved: Bool { file != nil && log == nil }

    /// Wall time of the reference's passes over what is there.
    public var scoringSeconds: Double { (file?.scoringSeconds ?? 0) + (log?.seconds ?? 0) }

    /// - Throws: `RunRecordError.blockNotStored`
    public func losses(ofBlock block: Int) throws -> ReferenceLossRow {
        if let log, log.recordOfBlock[block] != nil { return try log.losses(ofBlock: block) }
        guard let file else { throw RunRecordError.blockNotStored(file: url.path, block: block, rowCount: count) }
        return try file.losses(ofBlock: block)
    }

    /// Adds a row, unless its block is there.
    ///
    /// - Parameter seconds: what it took to score it.
    public func append(_ row: ReferenceLossRow, seconds: Double) throws {
        guard !contains(row.block) else { return }
        if log == nil { log = try ReferenceLossLog(at: Self.partial(of: url), layout: layout) }
        try log!.append(row, seconds: seconds)
    }

    /// Writes the file with all rows, in ascending order of their blocks.
    public func save() throws {
        guard !isSaved else { return }
        let rows = sources()
        let shape = [rows.count, layout.key.blockLength]
        let type = layout.storedAs.elementType
        var tensors = [
            TensorDescription(name: "losses", elementType: type, shape: shape),
            TensorDescription(name: "blocks", elementType: .int32, shape: [rows.count]),
            TensorDescription(name: "lengths", elementType: .int32, shape: [rows.count]),
        ]
        if layout.hasEntropies { tensors.append(TensorDescription(name: "entropies", elementType: type, shape: shape)) }
        var metadata = Dictionary(uniqueKeysWithValues: layout.key.fields.map { ($0.name, $0.value) })
        metadata["format"] = ReferenceLossFile.format
        metadata["scoringSeconds"] = "\(scoringSeconds)"
        try SafetensorsWriter(tensors, metadata: metadata).write(to: url) { tensor, append in
            for row in rows { try write(tensor.name, of: row, append) }
        }
        file = try ReferenceLossFile(url)
        log?.remove()
        log = nil
    }

    // MARK: Rows

    private enum Source {
        case file(block: Int, row: Int)
        case log(block: Int)

        var block: Int {
            switch self {
            case .file(let block, _), .log(let block): block
            }
        }
    }

    /// What the log has beyond the file: a kill between writing the one and deleting the other leaves rows in both.
    private var unsaved: [Int] { (log?.recordOfBlock.keys.filter { file?.contains($0) != true }) ?? [] }

    private func sources() -> [Source] {
        let saved = (file?.blocks ?? []).enumerated().map { Source.file(block: Int($1), row: $0) }
        return (saved + unsaved.map { .log(block: $0) }).sorted { $0.block < $1.block }
    }

    private func write(_ tensor: String, of source: Source, _ append: (UnsafeRawBufferPointer) throws -> Void) throws {
        func appendInteger(_ value: Int) throws { try withUnsafeBytes(of: Int32(value).littleEndian) { try append($0) } }
        switch (source, tensor) {
        case (_, "blocks"): try appendInteger(source.block)
        case (.file(_, let row), "lengths"): try appendInteger(Int(file!.lengths[row]))
        case (.log(let block), "lengths"): try appendInteger(log!.row(ofBlock: block).length)
        case (.file(_, let row), _): try file!.withBytes(of: tensor, row: row, append)
        case (.log(let block), "losses"): try log!.row(ofBlock: block).losses.withUnsafeBytes { try append($0) }
        case (.log(let block), _): try log!.row(ofBlock: block).entropies!.withUnsafeBytes { try append($0) }
        }
    }

    private static func partial(of url: URL) -> URL { url.appendingPathExtension("partial") }
}
