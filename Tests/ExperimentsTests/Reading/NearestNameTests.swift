import Experiments
import Testing

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ratio", "ratoi", 1), ("ab", "ba", 1),
        ("pool", "pools", 1), ("same", "same", 0),
    ])
    func distancesCountEdits(first: String, second: String, edits: Int) {
        #expect(NearestName.distance(first, second) == edits)
        #expect(NearestName.distance(second, first) == edits)
    }

    @Test func farNamesAreNoGuess() {
        #expect(NearestName.of("TOPK", among: ["all", "topK"]) == "topK")
        #expect(NearestName.of("quantile", among: ["all", "topK"]) == nil)
        #expect(NearestName.of("x", among: ["y"]) == nil)
        #expect(NearestName.of("x", among: []) == nil)
    }
}
