import Experiments
import RunRecords
import Testing

@Suite struct QuirkCatalogueTests {
    private func settings(_ yaml: String, _ overrides: [String] = []) throws -> [String] {
        try Study(yaml: yaml, overrides: overrides).quirks.map(\.setting)
    }

    @Test func theReplicationListsItsQuirks() throws {
        #expect(
            try settings(Preset.seed.yaml) == [
                "selection.reference: base", "selection.scoreWithDropout: true", "selection.pool: microBatch",
                "training.meanPerMicroBatch: true", "data.separators: false", "seeds: [0]",
            ])
    }

    @Test func aSettingWithoutConsequenceIsNoQuirk() throws {
        // Without dropout scores are undisturbed; with one micro-batch a step is its own pool.
        let mended = try settings(
            Preset.seed.yaml, ["base.adapter.dropout=0", "base.training.accumulation=1", "base.data.separators=true"])
        #expect(mended == ["selection.reference: base", "seeds: [0]"])
        #expect(try settings(Preset.rigorous.yaml, ["base.data.separators=true"]).isEmpty)
    }

    /// A report says what rounding cost where it was measured; a reference's, where one is used.
    @Test func roundedWeightsAreListed() throws {
        #expect(try settings(Preset.reproduce.yaml, ["base.compute.frozen=int8"]).contains("compute.frozen: int8"))
        #expect(
            try settings(Preset.reproduce.yaml, ["base.compute.reference=int8"]).contains("compute.reference: int8"))
        #expect(try settings(Preset.reproduce.yaml, ["base.compute.frozen=nf4"]).contains("compute.frozen: nf4"))
        #expect(try !settings(Preset.reproduce.yaml, ["base.compute.frozen=packed"]).contains { $0.hasPrefix("compute") })
        #expect(try !settings(Preset.reproduce.yaml).contains { $0.hasPrefix("compute") })
    }

    @Test func everyQuirkNamesAKey() {
        for key in Study.quirkKeys { #expect(Recipe.keyPaths.contains(key), "\(key)") }
        #expect(Study.quirkKeys.count >= 5)
    }
}
