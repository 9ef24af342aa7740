import Foundation
import RunRecords
import Testing

@Suite struct SelectionLogTests {
    // 3 · 5 = 15 bits, so the last byte is not full.
    private let layout = SelectionHistory.Layout(blockLength: 5, blocksPerStep: 3, dataHash: "c0ffee")

    private func step(_ number: Int) -> SelectionStep {
        SelectionStep(
            step: number, blockIndices: [number, 70_000, 4_294_967_295],
            selected: (0..<15).map { ($0 * 7 + number) % 3 == 0 && $0 % 5 != 0 })
    }

    private func log(_ directory: TemporaryDirectory, steps: Int) throws -> URL {
        let url = directory.file(RunDirectory.selectionsName)
        let log = try SelectionLog.create(at: url, layout: layout)
        for number in 1..<steps + 1 { try log.append(step(number)) }
        return url
    }

    @Test func whatIsAppendedIsRead() throws {
        let directory = try TemporaryDirectory()
        let history = try SelectionLog.read(log(directory, steps: 4))
        #expect(history == SelectionHistory(layout: layout, steps: (1...4).map(step)))
        #expect(history.blockLength == 5)
        #expect(try SelectionLog.read(log(directory, steps: 0)).steps.isEmpty)
    }

    /// The bytes that the documentation promises, so that another program can read them.
    @Test func theBytesAreFixed() throws {
        let directory = try TemporaryDirectory()
        let bytes = try Data(contentsOf: log(directory, steps: 1))
        let header: [UInt8] = [1, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0]
        #expect(bytes.prefix(30) == Data("WINNOWSL".utf8) + header + Data("c0ffee".utf8))
        // Step 1; blocks 1, 70,000 and 2³² − 1; bits 2, 8, 11 and 14.
        let record: [UInt8] = [1, 0, 0, 0, 1, 0, 0, 0, 0x70, 0x11, 1, 0, 255, 255, 255, 255, 0b0000_0100, 0b0100_1001]
        #expect(bytes[30..<48] == Data(record))
        #expect(bytes.count == 30 + 18 + 4)
    }

    /// Shares by position take an entry a position, whether or not a step follows.
    @Test(arguments: [0 as UInt32, 1 << 20 + 1, .max]) func aBlockThatNoModelReadsIsRefused(length: UInt32) throws {
        let directory = try TemporaryDirectory()
        let url = try log(directory, steps: 0)
        var bytes = try Data(contentsOf: url)
        bytes.replaceSubrange(12..<16, with: withUnsafeBytes(of: length.littleEndian) { Data($0) })
        bytes.replaceSubrange(16..<20, with: [1, 0, 0, 0])
        try bytes.write(to: url)
        #expect(throws: RunRecordError.damagedSelections(file: url.path, reason: "its header is impossible")) {
            try SelectionLog.read(url)
        }
    }

    /// Whatever byte a power failure leaves unwritten at the end, the steps before it are there.
    @Test func aTornEndIsDropped() throws {
        let directory = try TemporaryDirectory()
        let url = try log(directory, steps: 3)
        let whole = try Data(contentsOf: url)
        for cut in 1...22 {
            try whole.dropLast(cut).write(to: url)
            #expect(try SelectionLog.read(url).steps.map(\.step) == [1, 2])
        }
        try (whole.dropLast(22) + Data(repeating: 0, count: 22)).write(to: url)
        #expect(try SelectionLog.read(url).steps.map(\.step) == [1, 2])
    }

    @Test func damageElsewhereIsAnError() throws {
        let directory = try TemporaryDirectory()
        let url = try log(directory, steps: 3)
        let whole = try Data(contentsOf: url)
        // A bit of the first record; the magic; the format; the block length; the length of the hash.
        for (place, expected) in [(46, "step 1"), (0, "begin"), (8, "format"), (15, "header"), (23, "header")] {
            var damaged = whole
            damaged[place] ^= 0x80
            try damaged.write(to: url)
            let error = #expect(throws: RunRecordError.self) { try SelectionLog.read(url) }
            #expect("\(error!)".contains(expected))
        }
        try (whole.prefix(30) + whole[52..<74]).write(to: url)
        let error = #expect(throws: RunRecordError.self) { try SelectionLog.read(url) }
        #expect("\(error!)".contains("step 2 stands where 1 belongs"))
    }

    @Test func resumingForgetsWhatCameAfterTheCheckpoint() throws {
        let directory = try TemporaryDirectory()
        let url = try log(directory, steps: 5)
        try Data(contentsOf: url).dropLast(3).write(to: url)
        let log = try SelectionLog.resume(at: url, after: 3, layout: layout)
        try log.append(step(4))
        #expect(try SelectionLog.read(url).steps == (1...4).map(step))

        #expect(throws: RunRecordError.self) { try SelectionLog.resume(at: url, after: 5, layout: layout) }
        var other = layout
        other.dataHash = "tea"
        let error = #expect(throws: RunRecordError.self) { try SelectionLog.resume(at: url, after: 3, layout: other) }
        #expect("\(error!)".contains("tea"))
    }
}
