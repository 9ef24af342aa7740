import Foundation
import Winnow

/// A recipe's or study's text: a file, or one that comes with Winnow.
struct RecipeText {
    let yaml: String
    /// What complaints call it.
    let source: String

    /// - Throws: where there is neither such a file nor such a preset, a sentence with the presets' names.
    init(named name: String) throws {
        let url = URL(fileURLWithPath: name)
        if FileManager.default.fileExists(atPath: url.path) {
            guard let text = try? String(contentsOf: url, encoding: .utf8) else { throw Unreadable(path: name) }
            (yaml, source) = (text, name)
        } else if let preset = Preset(rawValue: name) {
            (yaml, source) = (preset.yaml, preset.source)
        } else {
            throw Absence(name: name)
        }
    }

    struct Absence: Error, CustomStringConvertible {
        let name: String
        var description: String {
            "there is no file \(name), and no recipe of that name comes with Winnow; those that do: "
                + Preset.allCases.map(\.rawValue).joined(separator: ", ")
        }
    }

    struct Unreadable: Error, CustomStringConvertible {
        let path: String
        var description: String { "\(path) can't be read as UTF-8 text" }
    }
}
