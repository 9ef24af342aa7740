import Foundation

/// The bytes of a `SelectionLog`, which describes them.
struct SelectionFormat {
    private static let magic = Data("WINNOWSL".utf8)
    private static let version = 1
    /// What no training run reaches, so that a damaged header can't ask for the whole memory.
    private static let mostTokensPerStep = 1 << 32
    private static let mostTokensPerBlock = 1 << 20

    let layout: SelectionHistory.Layout

    init(_ layout: SelectionHistory.Layout) { self.layout = layout }

    private var tokens: Int { layout.blocksPerStep * layout.blockLength }
    private var bitmapLength: Int { (tokens + 7) / 8 }
    var recordLength: Int { 4 + 4 * layout.blocksPerStep + bitmapLength + 4 }

    // MARK: Writing

    var header: Data {
        let hash = Data(layout.dataHash.utf8)
        return Self.magic
            + [Self.version, layout.blockLength, layout.blocksPerStep, hash.count].reduce(Data()) { $0 + Self.word(UInt32($1)) }
            + hash
    }

    func record(of step: SelectionStep) -> Data {
        precondition(step.blockIndices.count == layout.blocksPerStep, "\(step.blockIndices.count) blocks in a step of \(layout)")
        precondition(step.selected.count == tokens, "\(step.selected.count) marks in a step of \(layout)")
        var record = Self.word(UInt32(step.step))
        for index in step.blockIndices { record += Self.word(UInt32(index)) }
        var bitmap = [UInt8](repeating: 0, count: bitmapLength)
        for (place, isSelected) in step.selected.enumerated() where isSelected { bitmap[place / 8] |= 1 << (place % 8) }
        record += bitmap
        return record + Self.word(CRC32C.of(record))
    }

    private static func word(_ value: UInt32) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }

    // MARK: Reading

    static func history(in bytes: Data, file: String) throws -> SelectionHistory {
        let fixed = magic.count + 16
        guard bytes.count >= fixed, bytes.prefix(magic.count) == magic else {
            throw RunRecordError.damagedSelections(file: file, reason: "it doesn't begin as a selection log does")
        }
        let words = (0..<4).map { Int(word(at: magic.count + 4 * $0, of: bytes)) }
        guard words[0] == version else {
            throw RunRecordError.unknownFormat(file: file, found: words[0], supported: version)
        }
        let hashEnd = fixed + words[3]
        guard 1...mostTokensPerBlock ~= words[1], words[2] > 0, words[1] * words[2] <= mostTokensPerStep, hashEnd <= bytes.count,
            let hash = String(data: bytes[fixed..<hashEnd], encoding: .utf8)
        else { throw RunRecordError.damagedSelections(file: file, reason: "its header is impossible") }

        let format = SelectionFormat(.init(blockLength: words[1], blocksPerStep: words[2], dataHash: hash))
        let count = (bytes.count - hashEnd) / format.recordLength
        var steps: [SelectionStep] = []
        for index in 0..<count {
            let start = hashEnd + index * format.recordLength
            guard let step = format.step(in: bytes[start..<start + format.recordLength]) else {
                // The last record, torn by a power failure: its length was written and its bytes were not.
                if index == count - 1, bytes.count == start + format.recordLength { break }
                throw RunRecordError.damagedSelections(file: file, reason: "the record of step \(index + 1) has a wrong checksum")
            }
            guard step.step == index + 1 else {
                throw RunRecordError.damagedSelections(file: file, reason: "step \(step.step) stands where \(index + 1) belongs")
            }
            steps.append(step)
        }
        return SelectionHistory(layout: format.layout, steps: steps)
    }

    /// `nil` where the checksum is wrong.
    private func step(in record: Data) -> SelectionStep? {
        let end = record.endIndex - 4
        guard CRC32C.of(record[..<end]) == Self.word(at: end, of: record) else { return nil }
        let start = record.startIndex
        let bitmap = start + 4 + 4 * layout.blocksPerStep
        return SelectionStep(
            step: Int(Self.word(at: start, of: record)),
            blockIndices: (0..<layout.blocksPerStep).map { Int(Self.word(at: start + 4 + 4 * $0, of: record)) },
            selected: (0..<tokens).map { record[bitmap + $0 / 8] >> ($0 % 8) & 1 == 1 })
    }

    private static func word(at index: Int, of bytes: Data) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * $1) }
    }
}
