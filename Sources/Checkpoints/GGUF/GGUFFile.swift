import Foundation

/// A model in llama.cpp's one-file format, memory-mapped; `GGUFHeader` describes the format.
///
/// Tensors go by Hugging Face's names and have Hugging Face's layout: what llama.cpp's converter renamed and rearranged is
/// undone as they are read. A tensor with no counterpart there keeps the file's name.
public struct GGUFFile: TensorSource {
    public let url: URL
    public let metadata: [String: GGUFValue]
    public let tensors: [TensorDescription]

    private struct Entry {
        var description: TensorDescription
        var range: Range<Int>
        /// Heads whose rows the converter interleaved; `nil` where the rows are as Hugging Face has them.
        var interleavedHeadCount: Int?
    }

    private let file: MappedFile
    private let entries: [String: Entry]

    /// Maps the file and checks its header; no tensor is read yet.
    ///
    /// - Throws: `CheckpointError.system` where the file cannot be mapped, `.malformed` where it is truncated or broken,
    ///   `.unsupportedType` for the first tensor in a quantization that is not read, `.unknownArchitecture`.
    public init(_ url: URL) throws { try self.init(MappedFile(url), at: url) }

    package init(_ file: MappedFile, at url: URL) throws {
        self.url = url
        let header = try file.withBytes { try GGUFHeader($0, file: url.path) }
        self.file = file
        metadata = header.metadata

        let reading = GGUFMetadata(header.metadata, file: url.path)
        let family = try reading.family()
        var entries: [String: Entry] = [:]
        var tensors: [TensorDescription] = []
        for tensor in header.tensors {
            var description = tensor.description
            description.name = GGUFArchitecture.huggingFaceName(of: description.name)
            let heads = try family.ggufPermutesQueryAndKey ? reading.headCount(ofProjection: description.name) : nil
            if let heads {
                // Rows are moved one by one: a quantized vector has none that are whole blocks.
                guard let rows = description.shape.first, heads > 0, rows % heads == 0, rows / heads % 2 == 0,
                    description.shape.count > 1 || description.elementType.blockLength == 1
                else {
                    throw CheckpointError.malformed(
                        file: url.path,
                        problem: "tensor '\(description.name)' of shape \(description.shape) cannot be \(heads) heads of pairs")
                }
            }
            let entry = Entry(description: description, range: tensor.range, interleavedHeadCount: heads)
            guard entries.updateValue(entry, forKey: description.name) == nil else {
                throw CheckpointError.malformed(
                    file: url.path, problem: "tensor '\(tensor.description.name)' is '\(description.name)' a second time")
            }
            tensors.append(description)
        }
        (self.entries, self.tensors) = (entries, tensors)
    }

    public func description(of name: String) -> TensorDescription? { entries[name]?.description }

    public func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
        let entry = try entry(name)
        let description = entry.description
        guard destination.count == description.count else {
            throw CheckpointError.wrongCount(tensor: name, file: url.path, expected: description.count, given: destination.count)
        }
        file.withBytes(in: entry.range) { bytes in
            guard let heads = entry.interleavedHeadCount, let rows = description.shape.first, rows > 0 else {
                return description.elementType.decode(bytes, into: destination)
            }
            let (rowBytes, rowCount) = (bytes.count / rows, destination.count / rows)
            for row in 0..<rows {
                let target = Self.place(ofRow: row, of: rows, heads: heads)
                description.elementType.decode(
                    UnsafeRawBufferPointer(rebasing: bytes[row * rowBytes..<(row + 1) * rowBytes]),
                    into: UnsafeMutableBufferPointer(rebasing: destination[target * rowCount..<(target + 1) * rowCount]))
            }
        }
        file.release(entry.range)
    }

    /// Rows are whole blocks, so those of an interleaved projection can be moved as they are.
    public func readStored(_ name: String, into destination: UnsafeMutableRawBufferPointer) throws {
        let entry = try entry(name)
        guard destination.count == entry.range.count else {
            throw CheckpointError.wrongCount(
                tensor: name, file: url.path, expected: entry.range.count, given: destination.count)
        }
        file.withBytes(in: entry.range) { bytes in
            guard let heads = entry.interleavedHeadCount, let rows = entry.description.shape.first, rows > 0 else {
                return destination.copyMemory(from: bytes)
            }
            let rowBytes = bytes.count / rows
            for row in 0..<rows {
                let target = Self.place(ofRow: row, of: rows, heads: heads) * rowBytes
                UnsafeMutableRawBufferPointer(rebasing: destination[target..<target + rowBytes]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[row * rowBytes..<(row + 1) * rowBytes]))
            }
        }
        file.release(entry.range)
    }

    private func entry(_ name: String) throws -> Entry {
        guard let entry = entries[name] else { throw CheckpointError.unknownTensor(name: name, file: url.path) }
        return entry
    }

    /// Where a row of an interleaved projection belongs: undoes the converter's `reshape(heads, 2, half, …).swapaxes(1, 2)`.
    ///
    /// Hugging Face rotates row i of a head with row i + half, llama.cpp rows 2i and 2i + 1: of a head's rows
    /// `[half, 2, …]` in the file become `[2, half, …]`.
    private static func place(ofRow row: Int, of rows: Int, heads: Int) -> Int {
        let headRows = rows / heads
        let (head, within) = row.quotientAndRemainder(dividingBy: headRows)
        return head * headRows + within % 2 * (headRows / 2) + within / 2
    }
}
