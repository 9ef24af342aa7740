import RunRecords

/// The ink of an arm: grey for the baseline and its nulls, one colour a family (policy and reference), one dash a ratio;
/// controls are families of one, dash-dotted.
///
/// The first four colours are Okabe and Ito's, which people with any of the common colour blindnesses tell apart, without
/// those that fade on white; each keeps a contrast of 3 : 1 or more on both of the page's grounds. Families past the
/// tenth share colours again and differ by marker.
struct ArmStyle: Sendable, Equatable {
    var color: String
    /// Plotly's name: `solid`, `dash`, `dot`, `dashdot`.
    var dash: String
    /// Plotly's name: `circle`, `square`, …
    var symbol: String

    /// SVG's `stroke-dasharray` for the legend.
    var dashArray: String {
        switch dash {
        case "dash": "6 3"
        case "dot": "1.5 2.5"
        case "dashdot": "6 2.5 1.5 2.5"
        default: "none"
        }
    }

    private static let gray = "#767676"
    private static let colors = [
        "#0072b2", "#d55e00", "#009470", "#b5609a", "#8a6d1f", "#5e63c9", "#b84a4a", "#3d8ba3", "#5d7a2e", "#7b68a8",
    ]
    private static let dashes = ["solid", "dash", "dot", "dashdot"]
    private static let symbols = ["circle", "square", "diamond", "triangle-up"]

    /// One style an arm, in order.
    static func styles(for arms: [StudyRecord.Arm]) -> [ArmStyle] {
        var families: [String] = []
        var sizes: [String: Int] = [:]
        return arms.map { arm in
            let family = family(of: arm)
            let member = sizes[family, default: 0]
            sizes[family] = member + 1
            let symbol = symbols[member % symbols.count]
            guard family != plain else { return ArmStyle(color: gray, dash: dashes[member % dashes.count], symbol: symbol) }
            if !families.contains(family) { families.append(family) }
            let index = families.firstIndex(of: family)!
            return ArmStyle(
                color: colors[index % colors.count], dash: arm.role == .control ? "dashdot" : dashes[member % dashes.count],
                symbol: index < colors.count ? symbol : symbols[(member + 1) % symbols.count])
        }
    }

    private static let plain = "plain"

    /// What arms of one colour have in common.
    static func family(of arm: StudyRecord.Arm) -> String {
        switch arm.role {
        case .baseline, .null: plain
        case .control: arm.name
        case .selection: "\(arm.policy)|\(arm.score ?? "")|\(arm.reference ?? "")"
        }
    }
}
