import Foundation
import Testing
import Winnow

@Suite struct VerifyCommandTests {
    private func trained() async throws -> TinyRun {
        let tiny = try await TinyRun(steps: 5)
        let process = try WinnowProcess(tiny.command("run"))
        #expect(process.exitCode == 0, "\(process.errors)")
        return tiny
    }

    private func verify(_ directory: RunDirectory, _ more: String...) throws -> WinnowProcess {
        try WinnowProcess(["verify", directory.url.path] + more)
    }

    /// Moves a step's loss by the least that a Double can move.
    private func nudge(_ directory: RunDirectory, step: Int) throws {
        let history = try MetricsLog.read(directory.metrics)
        let log = try MetricsLog.create(at: directory.metrics)
        for var metrics in history.steps {
            if metrics.step == step { metrics.loss = metrics.loss.nextUp }
            try log.append(.step(metrics))
        }
    }

    private func rename(_ processor: String, in directory: RunDirectory) throws {
        var manifest = try RunManifest.read(from: directory.manifest)
        manifest.processor = processor
        try manifest.write(to: directory.manifest)
    }

    @Test func aRunAgreesWithItselfAndIsLeftAlone() async throws {
        let tiny = try await trained()
        let before = try TinyRun.remains(tiny.directory("run"))
        let process = try verify(tiny.directory("run"))
        #expect(process.exitCode == 0 && process.output.contains("3 steps agree to the last bit"), "\(process.errors)")
        let all: RunVerification = try verify(tiny.directory("run"), "--steps", "99", "--json").decoded()
        #expect(all.steps == 5 && all.difference == nil && all.circumstances.isEmpty)
        #expect(try TinyRun.remains(tiny.directory("run")) == before)
    }

    @Test func oneBitIsFoundAndNamed() async throws {
        let tiny = try await trained()
        try nudge(tiny.directory("run"), step: 2)
        let process = try verify(tiny.directory("run"))
        #expect(process.exitCode == 1 && process.output.contains("differs: step 2: loss was "), "\(process.output)")
        #expect(try verify(tiny.directory("run"), "--steps", "1").exitCode == 0)

        // Another processor rounds otherwise, so there a bit is nothing, and a hundredth is.
        try rename("another processor", in: tiny.directory("run"))
        let elsewhere = try verify(tiny.directory("run"))
        #expect(elsewhere.exitCode == 0 && elsewhere.output.contains("agree within 0.001"))
        #expect(elsewhere.errors.contains("processor: another processor then"), "\(elsewhere.errors)")
        let log = try String(contentsOf: tiny.directory("run").metrics, encoding: .utf8)
        let coarse = log.replacing(/"gradientNorm":[0-9.]+/) { _ in "\"gradientNorm\":0.5" }
        try coarse.write(to: tiny.directory("run").metrics, atomically: true, encoding: .utf8)
        let wrong = try verify(tiny.directory("run"))
        #expect(wrong.exitCode == 1 && wrong.output.contains("step 1: gradientNorm was 0.5"), "\(wrong.output)")
    }

    /// Stopped after two steps and resumed elsewhere: a bit is nothing from the third on, and something before.
    @Test func stepsBehindAMoveAreComparedToRounding() async throws {
        let tiny = try await TinyRun(steps: 5)
        let directory = tiny.directory("run")
        let recipe = try Recipe(yaml: String(contentsOfFile: tiny.recipe, encoding: .utf8))
        func work(until stop: Int?) throws {
            let run = try Run(recipe, in: Workspace())
            var executor = RunExecutor(run, in: RunDirectory(directory.url))
            if let stop { executor.shouldStop = { run.trainer.progress.step == stop } }
            #expect(try executor() == (stop == nil ? .finished : .stopped))
        }
        _ = try RunDirectory.open(directory.url, .new)
        try work(until: 2)
        let processor = try #require(try RunManifest.read(from: directory.manifest).processor)
        try rename("another processor", in: directory)
        try work(until: nil)
        try rename(processor, in: directory)

        try nudge(directory, step: 3)
        let exact = try verify(directory, "--steps", "2")
        #expect(exact.exitCode == 0 && exact.output.contains("2 steps agree to the last bit"), "\(exact.errors)")
        let whole = try verify(directory, "--steps", "5")
        #expect(whole.exitCode == 0 && whole.output.contains("5 steps agree within 0.001"), "\(whole.output)\(whole.errors)")
        #expect(whole.errors.contains("from step 3 on, processor: another processor then"), "\(whole.errors)")
        try nudge(directory, step: 2)
        #expect(try verify(directory, "--steps", "5").output.contains("differs: step 2: loss was "))
    }

    @Test(arguments: ["model/model.safetensors", "shards/train.tokens", "run/recipe.yaml"])
    func aChangedInputIsRefused(file: String) async throws {
        let tiny = try await trained()
        let url = tiny.folder.file(file)
        var bytes = try Data(contentsOf: url)
        if file.hasSuffix(".yaml") {
            bytes.append(contentsOf: Array("# changed\n".utf8))
        } else {
            bytes[bytes.count - 1] ^= 1
        }
        try bytes.write(to: url)
        let process = try verify(tiny.directory("run"))
        #expect(process.exitCode == 1 && process.output.isEmpty, "\(process.output)")
        #expect(
            process.errors.contains("is not what") || process.errors.contains("Run `winnow prepare` again"),
            "\(process.errors)")
    }

    /// A shard that is whole, but not the one that the run was made on: only the manifest knows.
    @Test func anotherShardIsRefused() async throws {
        let tiny = try await trained()
        try await tiny.prepare(ending: "and less")
        let process = try verify(tiny.directory("run"))
        #expect(process.exitCode == 1 && process.output.isEmpty, "\(process.output)")
        #expect(process.errors.contains("the data of held-out is not what"), "\(process.errors)")
    }

    /// What a study's arm is built on is found beside it.
    @Test func anArmIsVerifiedInItsStudy() async throws {
        let tiny = try await TinyRun(steps: 5)
        let study = try WinnowProcess("study", tiny.study, "--output", tiny.folder.file("study").path)
        #expect(study.exitCode == 0, "\(study.errors)")
        let arm = RunDirectory(tiny.folder.file("study/topk"))
        let process = try verify(arm, "--steps", "5")
        #expect(process.exitCode == 0 && process.output.contains("5 steps agree to the last bit"), "\(process)")
        let reference = tiny.folder.file("study/reference/other/adapter_model.safetensors")
        var bytes = try Data(contentsOf: reference)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: reference)
        let changed = try verify(arm)
        #expect(changed.exitCode == 1 && changed.errors.contains("selection.reference is not what"), "\(changed.errors)")
    }

    @Test func aRunWithoutStepsIsNamed() async throws {
        let tiny = try await trained()
        try Data().write(to: tiny.directory("run").metrics)
        let process = try verify(tiny.directory("run"))
        #expect(process.exitCode == 1 && process.errors.contains("nothing to verify"), "\(process.errors)")
    }
}
