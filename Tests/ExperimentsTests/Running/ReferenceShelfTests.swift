import Experiments
import Foundation
import RunRecords
import Testing
import Training

@Suite struct ReferenceShelfTests {
    /// A study keeps what references said, so an arm that has to run again scores nothing.
    @Test func aStudyScoresABlockOnce() async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "study")() == .finished)
        let folder = tiny.folder.file("study/reference-losses")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names.count == 2 && names[0].hasPrefix("base-") && names[1].hasPrefix("other-"), "\(names)")
        for name in names {
            let file = try ReferenceLossFile(folder.appendingPathComponent(name))
            // 15 steps of 2 blocks: all the arms see the same ones.
            #expect(file.blocks.count == 30 && file.secondsPerBlock > 0)
        }

        let before = try tiny.history("study", "topk").steps.map(\.selectedLoss)
        try FileManager.default.removeItem(at: tiny.folder.file("study/topk"))
        let runner = try tiny.runner(in: "study")
        var scored = 0.0
        var last = 0.0
        runner.onProgress = { progress in
            if progress.stage == .scoring { scored += progress.done - last }
            last = progress.done
        }
        #expect(try runner() == .finished)
        #expect(scored == 0)
        #expect(try tiny.history("study", "topk").steps.map(\.selectedLoss) == before)
    }

    @Test func aRunIsChargedForTheBlocksItSees() async throws {
        let tiny = try await TinyStudy()
        let recipe = try Study(yaml: tiny.yaml).arms.first { $0.recipe.name == "topk" }!.recipe
        let run = try Run(recipe, in: Workspace())
        #expect(run.blocksSeen.count == 30 && Set(run.blocksSeen).count == 30)
        #expect(run.referenceScoringSeconds == 0, "nothing is scored yet")
        for _ in 0..<3 { _ = try run.trainer.advance() }
        let reference = try #require(run.reference)
        #expect(reference.secondsPerBlock > 0)
        #expect(abs(run.referenceScoringSeconds - 30 * reference.secondsPerBlock) < 1e-12)
    }
}
