import Foundation
import RunRecords

/// Logs whose records carry a checksum, which no mutation would hit: the input is the records, and they are sealed here.
enum SealedLogs {
    /// A reference-loss store's `.partial`: the input is records of 48 bytes without their hash.
    static func readStoreLog(_ input: UnsafeBufferPointer<UInt8>, in folder: ScratchFolder) throws {
        let url = folder.url.appendingPathComponent("store.safetensors")
        let partial = url.appendingPathExtension("partial")
        let key = ReferenceLossKey(
            tokens: "aa", blockLength: 4, separatorID: nil, tail: "drop", model: "bb", adapter: nil, precision: "float32",
            numerics: "1")
        let layout = ReferenceLossLayout(key: key, hasEntropies: true)
        try ReferenceLossStore.remove(at: url)
        // What a writer leaves, less its one record, is the header.
        try ReferenceLossStore(at: url, layout: layout).append(
            ReferenceLossRow(block: 0, losses: [1, 2], entropies: [1, 2]), seconds: 1)
        var log = Array(try Data(contentsOf: partial).dropLast(56))
        for record in records(of: input, length: 48) {
            log += record
            append(fnv(record), to: &log)
        }
        _ = try folder.file(partial.lastPathComponent, log)
        let store = try ReferenceLossStore(at: url, layout: layout)
        for block in 0..<8 where store.contains(block) { _ = try store.losses(ofBlock: block) }
        try store.save()
        let saved = try ReferenceLossFile(url)
        for block in saved.blocks { _ = try saved.losses(ofBlock: Int(block)) }
    }

    /// `selections.bin` of two blocks of five tokens a step: the input is records of 14 bytes without their checksum.
    static func readSelections(_ input: UnsafeBufferPointer<UInt8>, in folder: ScratchFolder) throws {
        let url = folder.url.appendingPathComponent("selections.bin")
        _ = try SelectionLog.create(at: url, layout: .init(blockLength: 5, blocksPerStep: 2, dataHash: "c0ffee"))
        var log = Array(try Data(contentsOf: url))
        for record in records(of: input, length: 14) {
            log += record
            append(CRC32C.of(record), to: &log)
        }
        let history = try SelectionLog.read(folder.file("selections.bin", log))
        precondition(history.steps.allSatisfy { $0.selected.count == 10 && $0.blockIndices.count == 2 })
    }

    private static func records(of input: UnsafeBufferPointer<UInt8>, length: Int) -> [[UInt8]] {
        stride(from: 0, through: input.count - length, by: length).map { Array(input[$0..<$0 + length]) }
    }

    private static func append(_ seal: some FixedWidthInteger, to log: inout [UInt8]) {
        withUnsafeBytes(of: seal.littleEndian) { log += $0 }
    }

    private static func fnv(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
