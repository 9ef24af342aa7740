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

    static let entries = [
        Entry(
            key: "selection.reference", value: "base",
            why: "The start was adapted to the text and the reference was not, so a large excess marks what the start has unlearned. "
                + "A reference that has seen text of the kind one wants points the other way.",
            matters: { $0.selection.usesReference && $0.adapter?.start != nil }),
        Entry(
            key: "selection.reference", value: "base",
            why: "A fresh adapter is its base: at the first step every excess is 0 and places decide, and later few tokens have a "
                + "positive one. A reference that was trained on other text has an opinion from the first step on.",
            matters: { $0.selection.usesReference && $0.adapter?.start == nil }),
        Entry(
            key: "selection.scoreWithDropout", value: "true",
            why: "Dropout disturbs the very losses that tokens are ranked by. Scores from a pass without it are those of the model.",
            matters: { ($0.adapter?.dropout ?? 0) > 0 }),
        Entry(
            key: "selection.pool", value: "microBatch",
            why: "Every micro-batch gives up the same share of its tokens, however good they are, and how many compete depends on "
                + "what fits into memory. `batch` ranks the whole step.",
            matters: { $0.training.accumulation > 1 && $0.selection.policy != "all" }),
        Entry(
            key: "training.meanPerMicroBatch", value: "true",
            why: "A token's weight depends on how many were selected beside it. One division by the count of the whole step weighs "
                + "all alike.",
            matters: { $0.training.accumulation > 1 }),
        Entry(
            key: "data.separators", value: "false",
            why: "Documents run into one another: the first tokens of one are predicted from the end of another."),
    ]

    /// The quirks that some arm of the study has.
    static func quirks(of study: Study) -> [Quirk] {
        var quirks = entries.filter { entry in
            study.arms.contains { arm in
                RecipeWriter.node(of: arm.recipe)[entry.key.keyPath] == .plain(entry.value) && entry.matters(arm.recipe)
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
