import Checkpoints
import Foundation
import PeerProcess
import RunRecords
import Testing

@Suite struct ReferenceLossStoreTests {
    private let directory = try! TemporaryDirectory()
    private var url: URL { directory.file("store.safetensors") }
    private var partial: URL { directory.file("store.safetensors.partial") }

    static let key = ReferenceLossKey(
        tokens: "aa", blockLength: 4, separatorID: nil, tail: "drop", model: "bb", adapter: nil, precision: "float32",
        numerics: "1, libtorch 2.13.0")

    private func layout(
        _ storedAs: ReferenceLossLayout.Precision = .float32, entropies: Bool = false
    ) -> ReferenceLossLayout {
        ReferenceLossLayout(key: Self.key, storedAs: storedAs, hasEntropies: entropies)
    }

    private func row(_ block: Int, entropies: Bool = false) -> ReferenceLossRow {
        let losses = (1...3).map { Float(block) + Float($0) / 3 }
        return ReferenceLossRow(block: block, losses: losses, entropies: entropies ? losses.map { $0 / 2 } : nil)
    }

    @Test(arguments: [false, true]) func rowsComeBackWhateverTheirOrder(entropies: Bool) throws {
        let store = try ReferenceLossStore(at: url, layout: layout(entropies: entropies))
        for block in [7, 2, 5] { try store.append(row(block, entropies: entropies), seconds: 0.5) }
        #expect(try store.losses(ofBlock: 2) == row(2, entropies: entropies), "before it is saved")
        try store.save()
        #expect(!FileManager.default.fileExists(atPath: partial.path))

        let file = try ReferenceLossFile(url)
        #expect(file.blocks == [2, 5, 7])
        #expect(file.layout == layout(entropies: entropies))
        #expect(file.scoringSeconds == 1.5 && file.secondsPerBlock == 0.5)
        for block in [2, 5, 7] { #expect(try file.losses(ofBlock: block) == row(block, entropies: entropies)) }
        #expect(throws: RunRecordError.blockNotStored(file: url.path, block: 3, rowCount: 3)) { try file.losses(ofBlock: 3) }
    }

    @Test func halfPrecisionHalvesTheFileAndKeepsElevenBits() throws {
        for (name, precision) in [("full", ReferenceLossLayout.Precision.float32), ("half", .float16)] {
            let store = try ReferenceLossStore(at: directory.file(name), layout: layout(precision))
            for block in 0..<1000 { try store.append(row(block), seconds: 0) }
            try store.save()
        }
        let half = try ReferenceLossFile(directory.file("half"))
        for (found, expected) in zip(try half.losses(ofBlock: 777).losses, row(777).losses) {
            #expect(abs(found - expected) <= expected / 2048)
        }
        #expect(try half.losses(ofBlock: 777) != row(777), "rounded")
        func size(_ name: String) throws -> Int { try Data(contentsOf: directory.file(name)).count }
        // 8 bytes a row for its block and length.
        #expect(try size("full") - size("half") == 1000 * 4 * 2)
    }

    @Test func whatWasScoredBeforeAKillIsKept() throws {
        do {
            let first = try ReferenceLossStore(at: url, layout: layout())
            for block in [4, 1, 3] { try first.append(row(block), seconds: 1) }
        }
        #expect(!FileManager.default.fileExists(atPath: url.path), "no file before it is whole")
        let second = try ReferenceLossStore(at: url, layout: layout())
        #expect(second.count == 3 && second.scoringSeconds == 3)
        try second.append(row(3), seconds: 1)
        try second.append(row(0), seconds: 1)
        try second.save()
        #expect(try ReferenceLossFile(url).blocks == [0, 1, 3, 4])
        #expect(try ReferenceLossFile(url).scoringSeconds == 4, "block 3 was there already")

        // A finished store grows the same way.
        let third = try ReferenceLossStore(at: url, layout: layout())
        #expect(third.isSaved)
        try third.append(row(2), seconds: 1)
        try third.save()
        #expect(try ReferenceLossFile(url).blocks == [0, 1, 2, 3, 4])
        for block in 0...4 { #expect(try ReferenceLossFile(url).losses(ofBlock: block) == row(block)) }
    }

    /// Cut off anywhere, or with a byte changed anywhere, the log keeps the records before that place, and those alone.
    @Test func aDamagedLogKeepsWhatIsWhole() throws {
        var sizes: [Int] = []
        do {
            let store = try ReferenceLossStore(at: url, layout: layout())
            for block in 0..<3 {
                try store.append(row(block), seconds: 1)
                sizes.append(try Data(contentsOf: partial).count)
            }
        }
        let whole = try Data(contentsOf: partial)
        let start = sizes[0] - (sizes[1] - sizes[0])
        for place in stride(from: 0, to: whole.count, by: 3) {
            try whole[..<place].write(to: partial)
            #expect(try ReferenceLossStore(at: url, layout: layout()).count == sizes.count { $0 <= place }, "cut at \(place)")
            guard place >= start else { continue }
            var changed = whole
            changed[place] ^= 0x10
            try changed.write(to: partial)
            let store = try ReferenceLossStore(at: url, layout: layout())
            #expect(store.count == sizes.count { $0 <= place }, "changed at \(place)")
            try store.append(row(9), seconds: 1)
            #expect(try store.losses(ofBlock: 9) == row(9))
        }
    }

    /// A right hash is no proof of a right record: anyone can write both.
    @Test(arguments: [(0, [0, 0, 0, 0x80] as [UInt8]), (4, [5, 0, 0, 0]), (4, [1, 0, 0, 0]), (4, [0, 0, 0, 0x80])])
    func aForgedRecordIsRefused(place: Int, bytes: [UInt8]) throws {
        do { try ReferenceLossStore(at: url, layout: layout()).append(row(0), seconds: 1) }
        var log = try Data(contentsOf: partial)
        // u32 block, u32 tokens, f64 seconds, four losses, u64 hash.
        let start = log.count - 40
        log.replaceSubrange(start + place..<start + place + 4, with: bytes)
        let hash = log[start..<start + 32].reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        log.replaceSubrange(start + 32..<start + 40, with: withUnsafeBytes(of: hash.littleEndian) { Data($0) })
        try log.write(to: partial)
        let error = #expect(throws: RunRecordError.self) { try ReferenceLossStore(at: url, layout: layout()) }
        #expect(error?.description.contains("tokens, scored in 1.0 s") == true)
    }

    @Test func aStoreOfOtherLossesIsRefusedFieldByField() throws {
        let store = try ReferenceLossStore(at: url, layout: layout())
        try store.append(row(0), seconds: 1)
        try store.save()
        var other = Self.key
        (other.tokens, other.blockLength, other.separatorID, other.tail) = ("cc", 8, 2, "pad")
        (other.model, other.adapter, other.precision, other.numerics) = ("dd", "ee", "bfloat16", "2")
        let error = #expect(throws: RunRecordError.self) { try ReferenceLossFile(url).require(other) }
        for (field, stored, needed) in [
            ("tokens", "aa", "cc"), ("blockLength", "4", "8"), ("separator", "none", "2"), ("tail", "drop", "pad"),
            ("model", "bb", "dd"), ("adapter", "none", "ee"), ("precision", "float32", "bfloat16"),
            ("numerics", "1, libtorch 2.13.0", "2"),
        ] {
            #expect("\(error!)".contains("\(field): the store has \(stored), needed is \(needed)"), "\(field): \(error!)")
        }
        try ReferenceLossFile(url).require(Self.key)
        #expect(throws: RunRecordError.self) { try ReferenceLossStore(at: url, layout: layout(.float16)) }
        #expect(throws: RunRecordError.self) { try ReferenceLossStore(at: url, layout: layout(entropies: true)) }
    }

    @Test func aStoreHasOneWriter() throws {
        let first = try ReferenceLossStore(at: url, layout: layout())
        try first.append(row(0), seconds: 1)
        #expect(throws: RunRecordError.inUse(file: partial.path)) { try ReferenceLossStore(at: url, layout: layout()) }
        let error = #expect(throws: RunRecordError.self) {
            try withExtendedLifetime(first) { try ReferenceLossStore(at: url, layout: layout(.float16)) }
        }
        #expect(error == .inUse(file: partial.path))
    }

    @Test func theBeginningOfAnotherStoreIsRefused() throws {
        do { try ReferenceLossStore(at: url, layout: layout()).append(row(0), seconds: 1) }
        #expect(throws: RunRecordError.foreignPartialStore(file: partial.path)) {
            try ReferenceLossStore(at: url, layout: layout(.float16))
        }
        try ReferenceLossStore.remove(at: url)
        #expect(try ReferenceLossStore(at: url, layout: layout(.float16)).count == 0)
    }

    @Test func whatIsNoNumberIsRefused() throws {
        let store = try ReferenceLossStore(at: url, layout: layout(.float16))
        for value in [Float.nan, .infinity, 70_000] {
            #expect(throws: RunRecordError.self) {
                try store.append(ReferenceLossRow(block: 1, losses: [1, value, 2]), seconds: 1)
            }
        }
        #expect(store.count == 0)
    }

    /// A short last block: its padding has no losses, and a reader of token losses sees so.
    @Test func itIsATokenLossFile() throws {
        let store = try ReferenceLossStore(at: url, layout: layout())
        try store.append(ReferenceLossRow(block: 0, losses: [1, 2, 3]), seconds: 1)
        try store.append(ReferenceLossRow(block: 1, losses: [4]), seconds: 1)
        try store.save()
        let losses = try TokenLossFile.read(url)
        #expect(losses.losses == [0, 1, 2, 3, 0, 4, 0, 0])
        #expect(losses.mask == [false, true, true, true, false, true, false, false])
        #expect(try ReferenceLossFile(url).losses(ofBlock: 1).losses == [4])
        let output = try PeerProcess.run(PeerProcess.oracle("token_losses.py"), [url.path])
        #expect(output.contains("losses float32 [[0.0, 1.0, 2.0, 3.0], [0.0, 4.0, 0.0, 0.0]]"), "\(output)")
        #expect(output.contains("lengths int32 [4, 2]"), "\(output)")
    }

    @Test func aFileThatContradictsItselfIsRefused() throws {
        let store = try ReferenceLossStore(at: url, layout: layout())
        for block in 0..<2 { try store.append(row(block), seconds: 1) }
        try store.save()
        let good = try SafetensorsFile(url)
        let (losses, metadata) = (try good.floats("losses"), good.metadata)
        func write(blocks: [Int64], lengths: [Int64], type: ElementType = .int32, metadata: [String: String]) throws {
            try SafetensorsWriter.write(
                [
                    (TensorDescription(name: "losses", elementType: .float32, shape: [2, 4]), .floats(losses)),
                    (TensorDescription(name: "blocks", elementType: type, shape: [blocks.count]), .integers(blocks)),
                    (TensorDescription(name: "lengths", elementType: .int32, shape: [lengths.count]), .integers(lengths)),
                ], metadata: metadata, to: url)
        }
        try write(blocks: [0, 1], lengths: [4, 4], metadata: metadata)
        #expect(try ReferenceLossFile(url).blocks == [0, 1])
        for (blocks, lengths) in [
            ([1, 1], [4, 4]), ([-1, 0], [4, 4]), ([0, 1], [4, 5]), ([0, 1], [1, 4]), ([0, 1, 2], [4, 4]),
        ] {
            try write(blocks: blocks.map(Int64.init), lengths: lengths.map(Int64.init), metadata: metadata)
            #expect(throws: RunRecordError.self, "\(blocks) \(lengths)") { try ReferenceLossFile(url) }
        }
        for field in metadata.keys {
            var less = metadata
            less[field] = nil
            try write(blocks: [0, 1], lengths: [4, 4], metadata: less)
            let error = #expect(throws: RunRecordError.self, "\(field)") { try ReferenceLossFile(url) }
            #expect("\(error!)".contains(field), "\(error!)")
        }
        try write(blocks: [0, 1], lengths: [4, 4], type: .int64, metadata: metadata)
        #expect(throws: RunRecordError.self) { try ReferenceLossFile(url) }
    }
}
