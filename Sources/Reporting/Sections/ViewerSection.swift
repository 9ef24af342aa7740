import Analysis
import RunRecords

/// The token viewer: held-out text in which each token shows what is known of it, coloured by a measure one chooses.
struct ViewerSection: ReportSection {
    let id = "tokens"
    let title = "Token by token"

    func body(_ findings: StudyFindings) -> HTML? {
        let pages = findings.pages.filter { !$0.pieces.isEmpty && !$0.arms.isEmpty }
        guard !pages.isEmpty else { return nil }
        let data: JSONValue = ["baseline": label(findings.baseline), "pages": .array(pages.map(Self.json))]
        return """
            <p>Blocks of each held-out text. Shade is the chosen measure; point at a token, or walk with the arrow keys, \
            to read all its values. The first token of a block is predicted by nothing and has none.</p>
            <div class="viewer">
            <div class="controls">
            \(Self.choice("Text", "page", pages.enumerated().map { (String($0), $1.split.label) }))
            \(Self.choice("Arm", "arm", []))
            \(Self.choice("Shade by", "measure", []))
            <div class="pager" role="group" aria-label="Block"><button type="button" data-turn="-1" aria-label="Previous block">←</button>\
            <select name="block" aria-label="Block"></select><button type="button" data-turn="1" aria-label="Next block">→</button></div>
            </div>
            <p class="token-key"></p>
            <dl class="token-facts" aria-live="polite"></dl>
            <div class="token-text" role="listbox" aria-label="The block’s tokens; arrow keys go from token to token, Page Up and \
            Page Down from block to block"></div>
            <noscript><p>The viewer needs JavaScript.</p></noscript>
            <script type="application/json">\(data.scriptText)</script>
            </div>
            """
    }

    private static func choice(_ label: String, _ name: String, _ options: [(value: String, text: String)]) -> HTML {
        """
        <label>\(label) <select name="\(name)">\(options.map { "<option value=\"\($0.value)\">\($0.text)</option>" as HTML }.joined(""))\
        </select></label>
        """
    }

    private func label(_ findings: ArmFindings?) -> JSONValue { findings.map { .string($0.arm.label) } ?? .null }

    /// What the script reads; see `ViewerScript`. Losses are whole thousandths of a nat, which halves the file.
    private static func json(_ page: ViewerPage) -> JSONValue {
        func numbers(_ losses: [Float]) -> JSONValue {
            .array(
                zip(losses, page.mask).map { loss, counts in
                    counts && loss.isFinite ? .number((Double(loss) * 1000).rounded()) : .null
                })
        }
        let arms = page.arms.map { arm in
            [
                "label": .string(arm.label), "losses": numbers(arm.losses),
                "reference": arm.reference.map(JSONValue.string) ?? .null,
                "categories": arm.categories.map { .string(String($0.map { $0.map(Self.letter) ?? "-" })) } ?? .null,
                "steps": .numbers(arm.picks.map { Double($0.step) }),
                "picks": .array(
                    arm.picks.isEmpty
                        ? [] : page.mask.indices.map { token in .number(Self.bits(arm.picks.map { $0.picked[token] })) }),
            ] as JSONValue
        }
        return [
            "pieces": .array(page.pieces.map { .array($0.map(JSONValue.string)) }),
            "start": page.start.map(numbers) ?? .null, "references": .object(page.references.mapValues(numbers)),
            "arms": .array(arms),
        ]
    }

    /// The first flag is the lowest bit. Doubles hold the first 53 exactly, which `ViewerPage.checkpointLimit` keeps to.
    private static func bits(_ flags: [Bool]) -> Double { flags.reversed().reduce(0) { $0 * 2 + ($1 ? 1 : 0) } }

    private static func letter(_ category: TokenCategories.Category) -> Character {
        switch category {
        case .highToHigh: "H"
        case .lowToHigh: "r"
        case .highToLow: "f"
        case .lowToLow: "L"
        }
    }
}
