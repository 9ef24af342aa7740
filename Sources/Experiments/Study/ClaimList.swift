import Foundation
import RunRecords

/// A file of claims: sentences somebody published, and the measure and region that decide each. `Recipes/claims.yaml` is one.
///
/// ```yaml
/// claims:
///   - id: rho1-target-falls                  # unique, and kept
///     source: Rho-1, arXiv:2404.07965
///     says: Selection lowers the loss of the target domain.
///     measure: lossDifference                # as Claim.Measure
///     arm: topk-0.6-curated
///     control: clm
///     split: curated
///     upper: 0                               # holds where the measure lies above lower and below upper
/// ```
public struct ClaimList: Equatable, Sendable {
    public let claims: [Claim]

    /// - Throws: `RecipeError` with every problem.
    public init(yaml: String, source: String) throws(RecipeError) {
        var fields = RecipeReader(try RecipeNode(yaml: yaml, source: source))
        var claims: [Claim] = []
        var problems: [RecipeProblem] = []
        let written = fields.take("claims")
        if case .sequence(let items)? = written?.content {
            for (index, item) in items.enumerated() {
                var reader = RecipeReader(item, path: "claims[\(index)]")
                let entry = reader.read(Entry.self)
                problems += reader.problems
                if claims.contains(where: { $0.id == entry.id }) {
                    problems.append(
                        RecipeProblem(
                            "claims[\(index)].id", at: item.place, "is \(entry.id), which is there twice", fix: "rename one"))
                }
                claims.append(entry.claim)
            }
        } else {
            fields.complain("claims", written?.place, "is no list", fix: "list the claims, each - {id: …, says: …, …}")
        }
        fields.refuseUnknownKeys()
        problems += fields.problems
        guard problems.isEmpty else { throw RecipeError(problems) }
        self.claims = claims
    }

    /// The replication's and the paper's: `Recipes/claims.yaml`.
    public static var standard: ClaimList {
        get throws(RecipeError) { try ClaimList(yaml: Preset.claims.yaml, source: Preset.claims.source) }
    }

    /// The claims that a study names.
    ///
    /// - Throws: `RecipeError`, also where there is no such file.
    public init(_ source: ClaimsSource) throws(RecipeError) {
        switch source {
        case .none: claims = []
        case .standard: self = try .standard
        case .file(let path):
            guard let text = try? String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8) else {
                throw RecipeError([
                    RecipeProblem(
                        "claims", at: nil, "is \(path), which can't be read as UTF-8 text",
                        fix: "name a file like claims.yaml, `standard`, or `none`")
                ])
            }
            self = try ClaimList(yaml: text, source: path)
        }
    }

    /// A claim's keys.
    private struct Entry: RecipeSection {
        var id = "", source = "", says = ""
        var measure = Claim.Measure.lossDifference
        var arm = "", control = "", split = ""
        var lower: Double?
        var upper: Double?

        mutating func visit(_ visitor: inout some RecipeVisitor) {
            visitor.value("id", &id, .label)
            visitor.value("source", &source)
            visitor.value("says", &says)
            visitor.value("measure", &measure)
            visitor.value("arm", &arm)
            visitor.value("control", &control)
            visitor.value("split", &split)
            visitor.value("lower", &lower)
            visitor.value("upper", &upper)
            for (key, text) in [
                ("id", id), ("source", source), ("says", says), ("arm", arm), ("control", control), ("split", split),
            ] {
                visitor.refuse(
                    key, with: [], if: text.isEmpty, "is missing",
                    fix: "a claim has id, source, says, measure, arm, control, split")
            }
            visitor.refuse(
                "lower", with: ["upper"], if: (lower ?? -.infinity) >= (upper ?? .infinity) || (lower == nil && upper == nil),
                "leaves no region, or no end to it", fix: "give lower, upper, or a lower below the upper")
        }

        var claim: Claim {
            Claim(
                id: id, source: source, says: says, measure: measure, arm: arm, control: control, split: split, lower: lower,
                upper: upper)
        }
    }
}

extension Claim.Measure: RecipeChoice {}
