import RunRecords

/// Settings that depart from good practice, and why each matters.
///
/// They exist so that published studies can be repeated as they were. A study that uses one says so in its report.
enum QuirkCatalogue {
    struct Entry {
        let key: String
        let value: String
        let why: String
        /// Whether the setting has a consequence in this recipe.
        var matters: @Sendable (Recipe) -> Bool = { _ in true }
    }

    /// Measured: docs/ExperimentLog.md, 2026-11-24.
    private static let int8 =
        "Scores from int8 weights are rounded. On the default model and text, with a reference trained on curated text, nine of ten "
        + "selected tokens were the same and held-out losses moved by 0.2 % at most; with the base as the reference, whose excess "
        + "is small, a quarter of the selected tokens were others and a held-out loss moved by 2.4 %."

    /// Measured: docs/ExperimentLog.md, 2026-11-27.
    private static let nf4 =
        "Layers in NF4 are those of another model: the default one, whose weights had been rounded to 4 bits before, lost a twelfth on "
        + "curated text."
    private static let int8PerRow =
        "Layers in int8 with a scale a row are rounded: losses of the default model moved by 0.2 % at most, single tokens' by more."

    static let entries = [
        Entry(
            key: "selection.reference", value: "base",
            why:
                "The start was adapted to the text and the reference was not, so a large excess marks what the start has unlearned. "
                + "A reference that has seen text of the kind one wants points the other way.",
            matters: { $0.selection.usesReference && $0.adapter?.start != nil }),
        Entry(
            key: "selection.reference", value: "base",
            why:
                "A fresh adapter is its base: at the first step every excess is 0 and places decide, and later few tokens have a "
                + "positive one. A reference that was trained on other text has an opinion from the first step on.",
            matters: { $0.selection.usesReference && $0.adapter?.start == nil }),
        Entry(
            key: "selection.scoreWithDropout", value: "true",
            why:
                "Dropout disturbs the very losses that tokens are ranked by. Scores from a pass without it are those of the model.",
            matters: { ($0.adapter?.dropout ?? 0) > 0 }),
        Entry(
            key: "selection.pool", value: "microBatch",
            why:
                "Every micro-batch gives up the same share of its tokens, however good they are, and how many compete depends on "
                + "what fits into memory. `batch` ranks the whole step.",
            matters: { $0.training.accumulation > 1 && $0.selection.policy != "all" }),
        Entry(
            key: "training.meanPerMicroBatch", value: "true",
            why:
                "A token's weight depends on how many were selected beside it. One division by the count of the whole step weighs "
                + "all alike.",
            matters: { $0.training.accumulation > 1 }),
        Entry(
            key: "compute.frozen", value: "int8",
            why: int8 + " Training passes are rounded too: with all tokens, a held-out loss moved by 0.06 % at most.",
            matters: { $0.adapter != nil }),
        Entry(key: "compute.frozen", value: "nf4", why: nf4),
        Entry(key: "compute.reference", value: "nf4", why: nf4, matters: { $0.selection.usesReference }),
        Entry(key: "compute.frozen", value: "int8PerRow", why: int8PerRow),
        Entry(key: "compute.reference", value: "int8PerRow", why: int8PerRow, matters: { $0.selection.usesReference }),
        Entry(key: "compute.reference", value: "int8", why: int8, matters: { $0.selection.usesReference }),
        Entry(
            key: "data.separators", value: "false",
            why: "Documents run into one another: the first tokens of one are predicted from the end of another."),
    ]

    /// The quirks that some arm of the study has.
    fileprivate static func quirks(of study: Study) -> [Quirk] {
        var quirks = entries.filter { entry in
            study.arms.contains { arm in
                guard case .scalar(entry.value, _)? = RecipeWriter.node(of: arm.recipe)[entry.key.keyPath]?.content else {
                    return false
                }
                return entry.matters(arm.recipe)
            }
        }.map { Quirk(setting: "\($0.key): \($0.value)", why: $0.why) }
        if let seeds = study.arms.map(\.seeds).max(by: { $0.count < $1.count }), seeds.count == 1 {
            quirks.append(
                Quirk(
                    setting: "seeds: [\(seeds[0])]",
                    why: "One seed: intervals cover the choice of held-out text and not the chance in training. "
                        + "Three seeds cover both."))
        }
        return quirks
    }
}

extension Study {
    /// Where the study departs from good practice on purpose, and why each matters.
    public var quirks: [Quirk] { QuirkCatalogue.quirks(of: self) }

    /// The recipe keys that can make a quirk.
    package static var quirkKeys: Set<String> { Set(QuirkCatalogue.entries.map(\.key)) }
}
