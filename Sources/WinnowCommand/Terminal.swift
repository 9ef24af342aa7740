import Foundation

/// What is said beside the data, on standard error.
enum Terminal {
    static var showsColor: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    static func note(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }

    /// `1 h 05 min`, `12 min 30 s`, `42 s`
    static func duration(_ seconds: Double) -> String {
        let total = Int(max(0, seconds).rounded())
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        if hours > 0 { return "\(hours) h \(String(format: "%02d", minutes)) min" }
        return minutes > 0 ? "\(minutes) min \(String(format: "%02d", rest)) s" : "\(rest) s"
    }
}
