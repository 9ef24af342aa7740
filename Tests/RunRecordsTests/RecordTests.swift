import Foundation
import RunRecords
import Testing

@Suite struct RecordTests {
    private func manifest() -> RunManifest {
        RunManifest(
            versions: ["winnow": "0.1.0"], device: "cpu", threads: 2, precision: "float32", seed: .max, modelHash: "ab",
            dataHashes: ["train": "cd"], recipeHash: "ef", parameters: 134_515_008, trainableParameters: 4_884_480,
            startedAt: Date(timeIntervalSince1970: 1_700_000_000))
    }

    private func study() -> StudyRecord {
        var arm = StudyRecord.Arm(
            name: "topk-0.5", label: "top-k 0.5", role: .selection, score: "excessLoss", policy: "topK", ratio: 0.5,
            pool: "microBatch", reference: "base", runs: [.init(seed: 1, directory: "topk-0.5")])
        arm.runs[0].evaluations = [0, 10, 20].map {
            EvaluationRecord(step: $0, tokensSeen: $0 * 10, split: "noisy", loss: 3 - Double($0) / 20, tokens: 7, seconds: 1)
        }
        return StudyRecord(
            title: "Study", summary: "What.", recipe: "arms: []\n",
            model: .init(name: "tiny", hash: "00", parameters: 10, trainableParameters: 2),
            splits: [
                .init(name: "noisy", label: "Noisy", role: .validation, documents: 3, tokens: 7, hash: "11", source: "made up")
            ],
            blockLength: 128, versions: [:], device: "cpu", threads: 1, startedAt: Date(timeIntervalSince1970: 0),
            arms: [arm], published: [.tinyLlamaReplication])
    }

    @Test func aManifestComesBackAsItWent() throws {
        let directory = try TemporaryDirectory()
        try manifest().write(to: directory.file("manifest.json"))
        #expect(try RunManifest.read(from: directory.file("manifest.json")) == manifest())
    }

    @Test func whereARunWentOnElsewhereIsNoted() throws {
        var (here, elsewhere, run) = (manifest(), manifest(), manifest())
        elsewhere.threads = 8
        (elsewhere.processor, here.processor, run.processor) = ("other", "usual", "usual")
        #expect(run.goOn(after: 5, in: here) == nil && run == here)
        let move = RunManifest.Move(
            afterStep: 7, circumstances: ["processor: usual then, other now", "threads: 2 then, 8 now"])
        #expect(run.goOn(after: 7, in: elsewhere) == move)
        // Back where it began, what lies between isn't undone.
        #expect(run.goOn(after: 9, in: here) == nil)
        #expect(run.movesElsewhere == [move] && run.threads == 2)
        // Steps behind the seventh are done again: here.
        #expect(run.goOn(after: 7, in: here) == nil)
        #expect(run.movesElsewhere == nil)
        // From the beginning: the whole run is made there.
        #expect(run.goOn(after: 0, in: elsewhere) == nil)
        #expect(run.threads == 8 && run.processor == "other" && run.movesElsewhere == nil)
    }

    @Test func aChangedInputIsNamed() {
        let before = manifest()
        var now = before
        #expect(before.inputChanged(in: now) == nil)
        now.inputHashes = ["adapter.start": "01"]
        #expect(before.inputChanged(in: now) == nil, "a manifest of an earlier version names fewer")
        #expect(now.inputChanged(in: before) == "adapter.start")
        now.dataHashes["train"] = "other"
        #expect(before.inputChanged(in: now) == "the data of train")
        now.modelHash = "other"
        #expect(before.inputChanged(in: now) == "the model")
    }

    @Test func aStudyComesBackAsItWent() throws {
        let directory = try TemporaryDirectory()
        try study().write(to: directory.url)
        #expect(try StudyRecord.read(from: directory.url) == study())
    }

    @Test func anotherFormatIsRefusedByNumber() throws {
        let directory = try TemporaryDirectory()
        var record = study()
        record.format = 3
        try record.write(to: directory.url)
        let file = directory.file("study.json").path
        #expect(throws: RunRecordError.unknownFormat(file: file, found: 3, supported: 2)) {
            try StudyRecord.read(from: directory.url)
        }
    }

    @Test func aDirectoryWithoutAStudyIsSaid() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: RunRecordError.notAStudy(directory.url.path)) { try StudyRecord.read(from: directory.url) }
    }

    @Test func aMissingKeyIsNamed() throws {
        let directory = try TemporaryDirectory()
        try directory.write("{\"format\": 1, \"title\": \"x\"}", to: "study.json")
        let error = #expect(throws: RunRecordError.self) { try StudyRecord.read(from: directory.url) }
        #expect(error?.description.contains("no key `summary`") == true)
    }

    @Test func startAndEndAreTheFirstAndLastEvaluations() {
        let arm = study().arms[0].runs[0]
        #expect(arm.start(on: "noisy")?.loss == 3)
        #expect(arm.end(on: "noisy")?.loss == 2)
        #expect(arm.end(on: "curated") == nil)
    }

    @Test func thePublishedPerplexitiesAreFoundByPolicyAndRatio() {
        let published = PublishedStudy.tinyLlamaReplication
        #expect(published.perplexity(policy: "all", ratio: nil) == 9.89)
        #expect(published.perplexity(policy: "topK", ratio: 0.3) == 11.53)
        #expect(published.perplexity(policy: "topK", ratio: 0.6) == nil)
    }
}
