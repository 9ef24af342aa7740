import Foundation
import FuzzedReaders
import FuzzedRecipes
import FuzzedReports
import Testing

/// The committed fuzzing corpus through the readers that fuzzing calls, without its instrumentation: every file, and a fixed
/// number of mutations of each. A trap ends the process; that is the failure.
@Suite struct CorpusReplayTests {
    private static let readers = Reader.files + Reader.reports + Reader.recipes
    private static let mutationsPerReader = 400
    /// What a mutated input of a few kilobytes may take. Fuzzing allows less; here other tests share the processor.
    private static let longest = Duration.seconds(10)

    private func corpus(of reader: Reader) throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Fuzzing/Corpus/\(reader.name)")
        return try FileManager.default.contentsOfDirectory(at: folder.standardized, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }.map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
    }

    /// Else mutations would test nothing but the first check.
    @Test(arguments: Self.readers) func aReaderReadsItsCorpus(reader: Reader) throws {
        let folder = ScratchFolder()
        defer { folder.remove() }
        var refusals: [String] = []
        let corpus = try corpus(of: reader)
        for (name, bytes) in corpus {
            do { try bytes.withUnsafeBufferPointer { try reader.read($0, in: folder) } } catch {
                refusals.append("\(name): \(error)")
            }
        }
        #expect(refusals.count < corpus.count, "\(refusals)")
    }

    @Test(arguments: Self.readers) func noMutationTrapsOrHangs(reader: Reader) throws {
        let folder = ScratchFolder()
        defer { folder.remove() }
        let corpus = try corpus(of: reader)
        var mutation = Mutation(seed: 1)
        for index in 0..<Self.mutationsPerReader {
            let seed = corpus[index % corpus.count]
            let input = mutation.applied(to: seed.bytes)
            let took = ContinuousClock().measure {
                input.withUnsafeBufferPointer { bytes in
                    do { try reader.read(bytes, in: folder) } catch { _ = "\(error)" }
                }
            }
            #expect(took < Self.longest, "mutation \(index), of \(seed.name)")
        }
    }
}
