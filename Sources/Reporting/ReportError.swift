/// What keeps a report from being written. Each says what, where, and what to do about it.
public enum ReportError: Error, Equatable, CustomStringConvertible {
    case noPlottingLibrary(lookedAt: String)
    case notAPlottingLibrary(String)
    case noArms(String)
    case outside(path: String)
    case unwritable(file: String, reason: String)

    public var description: String {
        switch self {
        case .noPlottingLibrary(let path):
            "the report's plotting library is not at \(path): run `make setup`, or name a plotly.min.js in WINNOW_PLOTLY"
        case .notAPlottingLibrary(let path):
            "\(path) is not plotly.js, or was cut short: run `make setup` again, or name another one in WINNOW_PLOTLY"
        case .noArms(let directory):
            "the study in \(directory) has no arms: run it with `winnow study` first"
        case .outside(let path):
            "\(path) lies outside the study's directory: where you trust the study, `winnow report --follow-outside` reads it"
        case .unwritable(let file, let reason):
            "cannot write \(file): \(reason)"
        }
    }
}
