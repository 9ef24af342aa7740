import Foundation
import ModelFixtures
import PeerProcess
import Testing
import Winnow

@Suite struct MergeCommandTests {
    private struct Tokens: Decodable { var ids: [Int32]? }

    /// transformers over the merged folder gives the logits, and the token ids, of the GGUF with the adapter on it.
    @Test func transformersLoadsAMergedFolder() throws {
        let folder = try TemporaryFolder()
        let loaded = try Workspace().model(.standard)
        let adapter = try LoRAAdapter.random(for: loaded.model, rank: 4, targets: ["q_proj", "v_proj"])
        try adapter.folder(baseModel: loaded.name).write(to: folder.file("adapter"))
        let merged = folder.file("merged")
        let process = try WinnowProcess("merge", "--adapter", folder.file("adapter").path, "--output", merged.path)
        #expect(process.exitCode == 0, "\(process.errors)")
        #expect(process.output == merged.path + "\n")

        let sentence = "In 1492, f(x) = x² + 3 — naïve 数学 🙂\n  and then\tsome."
        let ids = try loaded.tokenizer().encode(sentence)
        try JSONEncoder().encode([ids]).write(to: folder.file("ids.json"))
        let tokens = try JSONDecoder().decode(
            Tokens.self,
            from: Data(
                PeerProcess.run(
                    LlamaOracle.script("check_folder.py"),
                    [merged.path, folder.file("ids.json").path, folder.file("logits.safetensors").path, sentence]
                ).utf8))
        #expect(tokens.ids == ids)
        func logits(_ adapter: LoRAAdapter?) -> [Float] {
            withoutGradient { loaded.model.logits(Tensor(ids.map(Int64.init), shape: [1, ids.count]), adapter: adapter) }.values()
        }
        let expected = try SafetensorsFile(folder.file("logits.safetensors")).floats("logits")
        let difference = Difference(logits(adapter), expected)
        #expect(difference.isWithin(relative: 1e-4), "\(difference)")
        #expect(Difference(logits(nil), expected).relativeNorm > 0.01, "the adapter changes nothing")

        // A folder in place gives way only when told to.
        let second = try WinnowProcess("merge", "--output", merged.path, "--dtype", "bfloat16")
        #expect(second.exitCode == 1 && second.errors.contains(merged.path))
        let third = try WinnowProcess("merge", "--output", merged.path, "--dtype", "bfloat16", "--overwrite")
        #expect(third.exitCode == 0, "\(third.errors)")
        let weights = try ModelFiles(at: merged).weights
        #expect(weights.tensors.allSatisfy { $0.elementType == .bfloat16 })
        // What a merged folder is for: to be a model, tokenizer and all.
        let again: [String: [Int32]] = try WinnowProcess(
            "tokenize", "--model", merged.path, Fixtures.plainEnglish.path, "--json"
        ).decoded()
        let text = try String(contentsOf: Fixtures.plainEnglish, encoding: .utf8)
        #expect(try again["ids"] == loaded.tokenizer().encode(text))
    }

    /// An adapter trained on rounded layers can be merged into them.
    @Test func packedLayersAreMergedAsWhatTheyStandFor() throws {
        let folder = try TemporaryFolder()
        let (url, merged) = (folder.file("model"), folder.file("merged"))
        try LlamaModel.tiny().write(to: url)
        let process = try WinnowProcess("merge", "--model", url.path, "--frozen", "nf4", "--output", merged.path)
        #expect(process.exitCode == 0, "\(process.errors)")
        let packed = try Workspace().model(.path(url.path), layers: .nf4).model
        let weights = try ModelFiles(at: merged).weights
        #expect(weights.tensors.count == packed.parameters.count + packed.packedWeights.count)
        for (name, weight) in packed.packedWeights {
            #expect(try weights.floats(name) == weight.values().values(), "\(name)")
        }
        let refused = try WinnowProcess("merge", "--model", url.path, "--frozen", "int4", "--output", merged.path)
        #expect(refused.exitCode == 64 && refused.errors.contains("int8PerRow"))
    }

    @Test func anAdapterOfAnotherModelIsRefusedAndNothingIsWritten() throws {
        let folder = try TemporaryFolder()
        let adapter = try LoRAAdapter.random(for: LlamaModel.tiny())
        try adapter.folder(baseModel: nil).write(to: folder.file("adapter"))
        let process = try WinnowProcess(
            "merge", "--adapter", folder.file("adapter").path, "--output", folder.file("merged").path)
        #expect(process.exitCode == 1)
        #expect(process.errors.contains("model.layers.0.self_attn.q_proj"), "\(process.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["adapter"])
    }

    @Test func badUsageIsExitCode64() throws {
        #expect(try WinnowProcess("merge").exitCode == 64)
        #expect(try WinnowProcess("merge", "--output", "x", "--dtype", "int8").exitCode == 64)
    }
}
