import Experiments
import Testing

@Suite struct GroundTruthRecipeTests {
    private func study(_ groundTruth: String, overrides: [String] = []) throws -> Study {
        try Study(yaml: "base: {}\narms: [{name: clm}]\nbaseline: clm\n\(groundTruth)\n", overrides: overrides)
    }

    @Test func aStudyTestsNothingUnlessAsked() throws {
        #expect(try study("").groundTruth == nil)
        #expect(try study("groundTruth: none").groundTruth == nil)
        #expect(try study("groundTruth: {champ: true}").groundTruth == GroundTruthRecipe())
        #expect(try study("", overrides: ["groundTruth.tokens=100"]).groundTruth?.tokens == 100)
    }

    @Test func everyKeyIsRead() throws {
        let recipe = try study(
            "groundTruth: {corruptions: [ocr], champ: false, text: default, tokens: 512, share: 0.3, seed: 7}"
        ).groundTruth
        #expect(recipe?.corruptions == ["ocr"])
        #expect(recipe?.champ == false)
        #expect(recipe?.text == .noisy)
        #expect(recipe?.tokens == 512)
        #expect(recipe?.share == 0.3)
        #expect(recipe?.seed == 7)
        #expect(try study("groundTruth: {corruptions: none}").groundTruth?.corruptions == nil)
    }

    @Test(arguments: [
        ("{corruptions: [ocr, swaped-words]}", "groundTruth.corruptions", "did you mean `swapped-words`"),
        ("{corruptions: [ocr, ocr]}", "groundTruth.corruptions", "names `ocr` twice"),
        ("{corruptions: none, champ: false}", "groundTruth.corruptions", "nothing to test"),
        ("{share: 0.9}", "groundTruth.share", "at most 0.5"),
        ("{tokens: 1}", "groundTruth.tokens", "2"),
        ("{seeds: 1}", "groundTruth.seeds", "did you mean `seed`?"),
    ])
    func aMistakeIsNamed(yaml: String, key: String, hint: String) {
        let error = #expect(throws: RecipeError.self) { try study("groundTruth: \(yaml)") }
        #expect(error?.problems.map(\.keyPath) == [key])
        #expect(error.map { "\($0)".contains(hint) } == true, "\(String(describing: error))")
    }
}
