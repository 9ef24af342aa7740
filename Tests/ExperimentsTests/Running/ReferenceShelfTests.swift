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

    /// Arms on a mixture read its blocks by the mixture's numbers, and so does a run alone with a store by `winnow score`.
    @Test func aMixtureHasAReference() async throws {
        let tiny = try await TinyStudy()
        let mixture = "data.train: {mixture: {\(tiny.corpus): 2, \(tiny.otherCorpus): 1}}"
        let selection = "selection: {policy: topK, score: excessLoss, reference: reference/other, ratio: 0.5}"
        let yaml = tiny.yaml + "\n  - {name: mixed, \(mixture), \(selection)}\n"
        #expect(try tiny.runner(in: "study", yaml)() == .finished)
        let folder = tiny.folder.file("study/reference-losses")
        // On the one corpus, and on the mixture.
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("other-") }
        #expect(names.count == 2, "\(names)")

        var recipe = try Study(yaml: yaml).arms.first { $0.recipe.name == "mixed" }!.recipe
        recipe.selection.reference = .folder(tiny.folder.file("study/reference/other").path)
        recipe.training.probeBlocks = 4
        let live = try Run(recipe, in: Workspace())
        let store = tiny.folder.file("mixed.safetensors")
        #expect(try ReferenceScoring(recipe, into: .init(store))(batchSize: 2) == .finished)
        var stored = recipe
        stored.selection.store = store.path
        let reading = try Run(stored, in: Workspace())
        let expected = try tiny.history("study", "mixed").steps
        for step in 0..<15 {
            for run in [live, reading] {
                let found = try run.trainer.advance()
                #expect(found.selectedLoss == expected[step].selectedLoss, "step \(step)")
            }
        }
        // The first blocks, which no step has drawn.
        #expect(live.blocksSeen.allSatisfy { $0 > 3 })
        #expect(try reading.trainer.probe()?.selectedNorm == live.trainer.probe()?.selectedNorm)
        // Blocks of the first corpus alone have the same numbers, and are of another text.
        stored.data.train = .folder(tiny.corpus)
        #expect(throws: RunRecordError.self) { try Run(stored, in: Workspace()) }
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
