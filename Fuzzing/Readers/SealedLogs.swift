import Foundation
import RunRecords

/// Logs whose records carry a checksum, which no mutation would hit: the input is the records, and they are sealed here.
enum SealedLogs {
    /// A reference-loss store's `.partial`: the input is records of 48 bytes without their hash.
    static func readStoreLog(_ input: UnsafeBufferPointer<UInt8>, in folder: ScratchFolder) throws {
        let url = folder.url.appendingPathComponent("store.safetensors")
        let partial = "store.safetensors.partial"
        let log = records(of: input, length: 48).reduce(storeHeader) { $0 + $1 + seal(fnv($1)) }
        _ = try folder.file(partial, log)
        let store = try ReferenceLossStore(at: url, layout: layout)
        for block in 0..<8 where store.contains(block) { _ = try store.losses(ofBlock: block) }
        // Every other store is saved: that costs ten times the reading.
        guard input.count & 1 == 0 else { return }
        // Both files go then, saved or not.
        defer {
            folder.forget(partial)
            try? ReferenceLossStore.remove(at: url)
        }
        try store.save()
        let saved = try ReferenceLossFile(url)
        for block in saved.blocks { _ = try saved.losses(ofBlock: Int(block)) }
    }

    private static let layout = ReferenceLossLayout(
        key: ReferenceLossKey(
            tokens: "aa", blockLength: 4, separatorID: nil, tail: "drop", model: "bb", adapter: nil, precision: "float32",
            numerics: "1"), hasEntropies: true)

    /// What a writer leaves, less its one record.
    private static let storeHeader: [UInt8] = {
        let folder = ScratchFolder()
        defer { folder.remove() }
        let url = folder.url.appendingPathComponent("store.safetensors")
        do {
            let row = ReferenceLossRow(block: 0, losses: [1, 2], entropies: [1, 2])
            try ReferenceLossStore(at: url, layout: layout).append(row, seconds: 1)
            return Array(try Data(contentsOf: url.appendingPathExtension("partial")).dropLast(56))
        } catch {
            preconditionFailure("no header: \(error)")
        }
    }()

    /// `selections.bin` of two blocks of five tokens a step: the input is records of 14 bytes without their checksum.
    static func readSelections(_ input: UnsafeBufferPointer<UInt8>) throws {
        let log = records(of: input, length: 14).reduce(selectionHeader) { $0 + $1 + seal(CRC32C.of($1)) }
        let history = try SelectionLog.read(Data(log), file: "input")
        precondition(history.steps.allSatisfy { $0.selected.count == 10 && $0.blockIndices.count == 2 })
    }

    private static let selectionHeader: [UInt8] = {
        let words: [UInt32] = [1, 5, 2, 6]
        return Array("WINNOWSL".utf8) + words.flatMap(seal) + Array("c0ffee".utf8)
    }()

    private static func records(of input: UnsafeBufferPointer<UInt8>, length: Int) -> [[UInt8]] {
        stride(from: 0, through: input.count - length, by: length).map { Array(input[$0..<$0 + length]) }
    }

    private static func seal(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

    private static func fnv(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
