import Experiments
import Foundation
import Testing

@Suite struct DefaultInputTests {
    @Test func cacheFollowsTheEnvironment() {
        let home = ["HOME": "/home/a"]
        #expect(DefaultInput(environment: home).cache.path == "/home/a/.cache/winnow")
        let xdg = home.merging(["XDG_CACHE_HOME": "/var/b"]) { $1 }
        #expect(DefaultInput(environment: xdg).cache.path == "/var/b/winnow")
        let own = xdg.merging(["WINNOW_CACHE": "/srv/c"]) { $1 }
        #expect(DefaultInput(environment: own).cache.path == "/srv/c")
        let empty = home.merging(["WINNOW_CACHE": "", "XDG_CACHE_HOME": ""]) { $1 }
        #expect(DefaultInput(environment: empty).cache.path == "/home/a/.cache/winnow")
    }

    @Test func absentModelNamesItsPathAndTheFix() throws {
        let input = DefaultInput(environment: ["WINNOW_CACHE": "/nowhere"])
        let path = "/nowhere/models/" + DefaultInput.modelFile
        let absence = #expect(throws: DefaultInput.Absence.self) { try input.modelURL() }
        #expect(absence?.path == path)
        #expect(absence?.description.contains("make setup") == true)
        #expect(throws: DefaultInput.Absence.self) { try input.shardsURL(of: .tutorials) }
        #expect(throws: DefaultInput.Absence.self) { try input.champURL() }
    }

    @Test func environmentNamesAnotherModel() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(UUID().uuidString).gguf")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let input = DefaultInput(environment: ["WINNOW_DEFAULT_MODEL": file.path, "WINNOW_CACHE": "/nowhere"])
        #expect(try input.modelURL().path == file.path)
    }

    /// The set-up and the doctor must agree on which file is the default model.
    @Test func digestIsTheOneThatTheSetUpPins() throws {
        let pins = try String(contentsOf: checkout.appendingPathComponent("scripts/checksums.sha256"), encoding: .utf8)
        #expect(pins.contains("\(DefaultInput.modelSHA256)  models/\(DefaultInput.modelFile)\n"))
    }

    private var checkout: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }
}
