import Checkpoints
import Foundation
import PeerProcess
import RunRecords
import Testing

@Suite struct TokenLossFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func losses() throws -> TokenLosses {
        try TokenLosses(
            rows: 2, positions: 3, losses: [0, 1.5, 2.25, 0, 3, 0.125], mask: [false, true, true, false, true, false],
            inputIDs: [5, 6, 7, 8, 9, 49151])
    }

    /// Writes tensors as they are given, past the writer's checks.
    private func write(_ contents: [(String, ElementType, [Int], TensorValues)]) throws -> URL {
        let url = directory.file("losses.safetensors")
        try SafetensorsWriter.write(
            contents.map { (TensorDescription(name: $0.0, elementType: $0.1, shape: $0.2), $0.3) }, to: url)
        return url
    }

    @Test func whatIsWrittenIsRead() throws {
        let url = directory.file("losses.safetensors")
        var expected = try losses()
        try TokenLossFile.write(expected, to: url)
        #expect(try TokenLossFile.read(url) == expected)
        (expected.inputIDs, expected.documents) = (nil, [3, -1])
        try TokenLossFile.write(expected, to: url)
        #expect(try TokenLossFile.read(url) == expected)
        #expect(throws: RunRecordError.inconsistentCounts(what: "documents", found: 1, expected: 2)) {
            try TokenLosses(rows: 2, positions: 1, losses: [0, 0], mask: [false, false], documents: [3])
        }
    }

    @Test func pythonReadsTheSame() throws {
        let url = directory.file("losses.safetensors")
        try TokenLossFile.write(losses(), to: url)
        let output = try PeerProcess.run(PeerProcess.oracle("token_losses.py"), [url.path])
        #expect(
            output == """
                input_ids int32 [[5, 6, 7], [8, 9, 49151]]
                losses float32 [[0.0, 1.5, 2.25], [0.0, 3.0, 0.125]]
                mask uint8 [[0, 1, 1], [0, 1, 0]]

                """)
    }

    @Test func theWriterInsistsOnAMaskedFirstPosition() throws {
        var losses = try losses()
        losses.mask[3] = true
        let url = directory.file("losses.safetensors")
        #expect(throws: RunRecordError.firstPositionCounts(row: 1)) { try TokenLossFile.write(losses, to: url) }
        #expect(!FileManager.default.fileExists(atPath: url.path))
    }

    @Test func whatIsNotATokenLossFileIsSaid() throws {
        let missing = try write([("losses", .float32, [1, 2], .floats([1, 2]))])
        #expect(throws: RunRecordError.missingTensor(file: missing.path, tensor: "mask", present: ["losses"])) {
            try TokenLossFile.read(missing)
        }
        let flat = try write([("losses", .float32, [2], .floats([1, 2])), ("mask", .uint8, [2], .integers([0, 1]))])
        #expect(
            throws: RunRecordError.wrongShape(file: flat.path, tensor: "losses", found: [2], expected: "[blocks, positions]")
        ) { try TokenLossFile.read(flat) }
        let empty = try write([("losses", .float32, [1 << 40, 0], .floats([])), ("mask", .uint8, [1 << 40, 0], .integers([]))])
        #expect(
            throws: RunRecordError.wrongShape(
                file: empty.path, tensor: "losses", found: [1 << 40, 0], expected: "[blocks, positions]")
        ) { try TokenLossFile.read(empty) }
        let ragged = try write([("losses", .float32, [1, 2], .floats([1, 2])), ("mask", .uint8, [2, 1], .integers([0, 1]))])
        #expect(throws: RunRecordError.self) { try TokenLossFile.read(ragged) }
        let counts = try write([("losses", .int32, [1, 2], .integers([1, 2])), ("mask", .uint8, [1, 2], .integers([0, 1]))])
        #expect(
            throws: RunRecordError.wrongElementType(
                file: counts.path, tensor: "losses", found: "I32", accepted: ["F32", "F64", "F16", "BF16"])
        ) { try TokenLossFile.read(counts) }
    }

    @Test func aMaskHoldsZeroAndOne() throws {
        let url = try write([
            ("losses", .float32, [2, 2], .floats([1, 2, 3, 4])), ("mask", .float32, [2, 2], .floats([0, 1, 0, 0.5])),
        ])
        #expect(throws: RunRecordError.notAMaskValue(file: url.path, row: 1, position: 1, value: 0.5)) {
            try TokenLossFile.read(url)
        }
    }

    @Test func countsMustAgree() {
        #expect(throws: RunRecordError.inconsistentCounts(what: "mask", found: 3, expected: 4)) {
            try TokenLosses(rows: 2, positions: 2, losses: [1, 2, 3, 4], mask: [true, true, false])
        }
    }
}
