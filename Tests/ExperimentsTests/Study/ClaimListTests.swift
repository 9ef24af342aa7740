import Experiments
import Foundation
import RunRecords
import Testing

@Suite struct ClaimListTests {
    private let claim = "id: a, source: b, says: c, arm: topk, control: clm, split: noisy"

    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try ClaimList(yaml: yaml, source: "c.yaml")
            return []
        } catch {
            return error.problems.map(\.keyPath)
        }
    }

    @Test func aClaimIsReadAsItIsWritten() throws {
        let claims = try ClaimList(
            yaml:
                "claims: [{\(claim), measure: perplexityRatio, lower: 0.99, upper: 1.02}, {\(claim.replacing("id: a", with: "id: b")), upper: 0}]",
            source: "c.yaml"
        ).claims
        #expect(
            claims == [
                Claim(
                    id: "a", source: "b", says: "c", measure: .perplexityRatio, arm: "topk", control: "clm", split: "noisy",
                    lower: 0.99,
                    upper: 1.02),
                Claim(
                    id: "b", source: "b", says: "c", measure: .lossDifference, arm: "topk", control: "clm", split: "noisy",
                    upper: 0),
            ])
    }

    @Test func everyMistakeIsNamed() {
        #expect(problems("claims: []").isEmpty)
        #expect(problems("claim: []") == ["claims", "claim"])
        #expect(problems("claims: [{\(claim), upper: 0}, {\(claim), upper: 0}]") == ["claims[1].id"])
        #expect(problems("claims: [{\(claim)}]") == ["claims[0].lower"])
        #expect(problems("claims: [{\(claim), lower: 1, upper: 1}]") == ["claims[0].lower"])
        #expect(problems("claims: [{\(claim), upper: 0, measure: loss}]") == ["claims[0].measure"])
        #expect(problems("claims: [{\(claim), upper: 0, bound: 3}]") == ["claims[0].bound"])
        #expect(
            problems("claims: [{id: a, upper: 0}]") == ["source", "says", "arm", "control", "split"].map { "claims[0].\($0)" })
    }

    @Test func aStudyNamesItsClaims() throws {
        #expect(try ClaimList(ClaimsSource.none).claims.isEmpty)
        #expect(try ClaimList(ClaimsSource.standard) == .standard)
        #expect(throws: RecipeError.self) { try ClaimList(ClaimsSource.file("/nowhere/claims.yaml")) }
        let arms = "\narms: [{name: clm}]"
        #expect(try Study(yaml: "claims: none" + arms).claims == .none)
        #expect(try Study(yaml: "claims: mine.yaml" + arms).claims == .file("mine.yaml"))
        #expect(try Study(yaml: String(arms.dropFirst())).claims == .standard)
    }
}
