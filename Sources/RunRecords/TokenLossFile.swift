import Checkpoints
import Foundation

/// The token-loss file: safetensors with these tensors.
///
/// | tensor | shape | type |
/// |---|---|---|
/// | `losses` | `[N, T]` | F32 (read: F64, F16 and BF16 too; F64 is rounded to float32) |
/// | `mask` | `[N, T]` | U8: 1 where the loss counts (read: BOOL, I32, I64 and F32 too) |
/// | `lengths` | `[N]` | I32, read where there is no `mask`: positions 1 ..< length count (`ReferenceLossFile`) |
/// | `input_ids` | `[N, T]`, may be missing | I32 (read: any integer type) |
/// | `documents` | `[N]`, may be missing | I32: the document that a row begins in |
///
/// Position t holds the loss of predicting token t from those before it. Position 0 is masked: the writer insists, the
/// reader doesn't, because a file that is wrong there can still be looked at.
public enum TokenLossFile {
    public static func read(_ url: URL) throws -> TokenLosses { try read(SafetensorsFile(url)) }

    package static func read(_ file: SafetensorsFile) throws -> TokenLosses {
        let losses = try tensor("losses", in: file)
        // Blocks of no positions take no bytes, so any number of them fits into any file.
        guard losses.shape.count == 2, losses.shape[1] > 0 || losses.shape[0] == 0 else {
            throw RunRecordError.wrongShape(
                file: file.url.path, tensor: "losses", found: losses.shape, expected: "[blocks, positions]")
        }
        try check(losses, isOneOf: [.float32, .float64, .float16, .bfloat16], in: file)
        let flags =
            file.description(of: "mask") == nil && file.description(of: "lengths") != nil
            ? try lengthMask(in: file, shape: losses.shape) : try storedMask(in: file, shape: losses.shape)
        return try TokenLosses(
            rows: losses.shape[0], positions: losses.shape[1], losses: try file.floats("losses"), mask: flags,
            inputIDs: try inputIDs(in: file, shape: losses.shape), documents: try documents(in: file, rows: losses.shape[0]))
    }

    /// - Throws: `RunRecordError.firstPositionCounts` where a row counts its position 0.
    public static func write(_ losses: TokenLosses, to url: URL) throws {
        for row in 0..<losses.rows where losses.positions > 0 && losses.mask[row * losses.positions] {
            throw RunRecordError.firstPositionCounts(row: row)
        }
        let shape = [losses.rows, losses.positions]
        var contents: [(TensorDescription, TensorValues)] = [
            (TensorDescription(name: "losses", elementType: .float32, shape: shape), .floats(losses.losses)),
            (TensorDescription(name: "mask", elementType: .uint8, shape: shape), .integers(losses.mask.map { $0 ? 1 : 0 })),
        ]
        if let ids = losses.inputIDs {
            contents.append(
                (TensorDescription(name: "input_ids", elementType: .int32, shape: shape), .integers(ids.map(Int64.init))))
        }
        if let documents = losses.documents {
            contents.append(
                (
                    TensorDescription(name: "documents", elementType: .int32, shape: [losses.rows]),
                    .integers(documents.map(Int64.init))
                ))
        }
        try SafetensorsWriter.write(contents, to: url)
    }

    private static func storedMask(in file: SafetensorsFile, shape: [Int]) throws -> [Bool] {
        let mask = try tensor("mask", in: file, shape: shape)
        try check(mask, isOneOf: [.bool, .uint8, .int32, .int64, .float32], in: file)
        return try values(of: mask, in: file).enumerated().map { index, value in
            guard value == 0 || value == 1 else {
                throw RunRecordError.notAMaskValue(
                    file: file.url.path, row: index / shape[1], position: index % shape[1], value: value)
            }
            return value == 1
        }
    }

    private static func lengthMask(in file: SafetensorsFile, shape: [Int]) throws -> [Bool] {
        let lengths = try tensor("lengths", in: file, shape: [shape[0]])
        try check(lengths, isOneOf: [.int32, .int64], in: file)
        return try file.integers("lengths").flatMap { length in (0..<shape[1]).map { $0 > 0 && $0 < length } }
    }

    private static func documents(in file: SafetensorsFile, rows: Int) throws -> [Int32]? {
        guard file.description(of: "documents") != nil else { return nil }
        try check(try tensor("documents", in: file, shape: [rows]), isOneOf: [.int32], in: file)
        return try file.integers("documents").map { Int32(truncatingIfNeeded: $0) }
    }

    private static func inputIDs(in file: SafetensorsFile, shape: [Int]) throws -> [Int32]? {
        guard file.description(of: "input_ids") != nil else { return nil }
        let ids = try tensor("input_ids", in: file, shape: shape)
        try check(ids, isOneOf: [.int32, .int64, .int16, .int8, .uint8], in: file)
        return try file.integers("input_ids").enumerated().map { index, value in
            guard let id = Int32(exactly: value), id >= 0 else {
                throw RunRecordError.notATokenID(
                    file: file.url.path, row: index / shape[1], position: index % shape[1], value: Double(value))
            }
            return id
        }
    }

    private static func values(of mask: TensorDescription, in file: SafetensorsFile) throws -> [Double] {
        mask.elementType == .float32 ? try file.floats(mask.name).map(Double.init) : try file.integers(mask.name).map(Double.init)
    }

    private static func tensor(_ name: String, in file: SafetensorsFile) throws -> TensorDescription {
        guard let tensor = file.description(of: name) else {
            throw RunRecordError.missingTensor(file: file.url.path, tensor: name, present: file.tensors.map(\.name))
        }
        return tensor
    }

    private static func tensor(_ name: String, in file: SafetensorsFile, shape: [Int]) throws -> TensorDescription {
        let tensor = try tensor(name, in: file)
        guard tensor.shape == shape else {
            throw RunRecordError.wrongShape(
                file: file.url.path, tensor: name, found: tensor.shape, expected: "\(shape), as `losses` has")
        }
        return tensor
    }

    private static func check(
        _ tensor: TensorDescription, isOneOf accepted: [ElementType], in file: SafetensorsFile
    ) throws {
        guard accepted.contains(tensor.elementType) else {
            throw RunRecordError.wrongElementType(
                file: file.url.path, tensor: tensor.name, found: tensor.elementType.rawValue,
                accepted: accepted.map(\.rawValue))
        }
    }
}
