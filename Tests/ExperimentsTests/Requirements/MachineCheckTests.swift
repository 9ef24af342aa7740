import Experiments
import Foundation
import Testing

@Suite struct MachineCheckTests {
    @Test func emptyCacheIsReportedWithItsFixes() {
        let requirements = check(["WINNOW_CACHE": "/nowhere"])
        for name in ["default model", "corpus sage-reference", "corpus sage-tutorials", "CHAMP's answers", "plotly.js"] {
            #expect(requirements[name]?.isMet == false)
            #expect(requirements[name]?.isNecessary == true)
            #expect(requirements[name]?.fix == "make setup")
        }
        for name in ["Python peers", "vocabularies"] {
            #expect(requirements[name]?.isMet == false)
            #expect(requirements[name]?.isNecessary == false)
            #expect(requirements[name]?.fix == "make test")
        }
        #expect(requirements["Chromium"]?.isMet == false)
    }

    /// Everything that the set-up fetched is looked for under one folder, which HOME alone can move.
    @Test func everyPathFollowsHome() {
        let requirements = check(["HOME": "/nowhere"])
        for name in ["default model", "corpus sage-reference", "CHAMP's answers", "plotly.js", "Python peers", "vocabularies"] {
            #expect(requirements[name]?.detail.contains("/nowhere/.cache/winnow/") == true)
        }
    }

    @Test func loadedLibtorchIsNamedEveryTime() {
        // The kernel hands /proc out in short reads: one that stops early finds the library now and then.
        for _ in 0..<5 {
            let libtorch = check([:])["libtorch"]
            #expect(libtorch?.isMet == true)
            #expect(libtorch?.detail.hasSuffix("/lib/libtorch_cpu.so") == true)
        }
    }

    @Test func anotherFileInTheModelsPlaceIsNotTheDefaultModel() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(UUID().uuidString).gguf")
        try Data("GGUF".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let model = check(["WINNOW_DEFAULT_MODEL": file.path])["default model"]
        #expect(model?.isMet == false)
        #expect(model?.detail.contains("SHA-256 b83633aa785344791618f2fddf131b010ea04912a60430760b070bad293f65bd") == true)
        #expect(model?.fix == "remove it, then make setup")
    }

    @Test func fetchedModelIsTheDefaultModel() throws {
        let path = try #require(ProcessInfo.processInfo.environment["WINNOW_DEFAULT_MODEL"], "run the tests with `make test`")
        let model = check(["WINNOW_DEFAULT_MODEL": path])["default model"]
        #expect(model?.isMet == true)
        #expect(model?.detail == path)
    }

    @Test func missingRequirementEncodesItsFix() throws {
        let requirement = Requirement("plotly.js", for: .defaultStudy, .missing("not at /nowhere", fix: "make setup"))
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(requirement)) as? [String: Any]
        #expect(object?["name"] as? String == "plotly.js")
        #expect(object?["purpose"] as? String == "the default study")
        #expect(object?["met"] as? Bool == false)
        #expect(object?["necessary"] as? Bool == true)
        #expect(object?["fix"] as? String == "make setup")
    }

    private func check(_ environment: [String: String]) -> [String: Requirement] {
        Dictionary(uniqueKeysWithValues: MachineCheck(environment: environment).requirements().map { ($0.name, $0) })
    }
}
