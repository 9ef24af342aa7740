import Foundation

/// plotly.js, embedded in every report so that it opens offline and years later.
///
/// It is not kept in the repository: the set-up takes `plotly.min.js` (MIT, 4.8 MB) out of the PyPI wheel `plotly`, which pip
/// fetches and checks. Its figures are SVG, so that they print sharply and take their ink from the page's style.
public struct PlottingLibrary: Sendable {
    /// The wheel's version: `<cache>/plotly/<version>/plotly.min.js`.
    public static let version = "7.1.0"

    public let source: String

    /// - Throws: `ReportError` where the file is missing or isn't a whole plotly.js.
    public init(_ url: URL) throws {
        guard let source = try? String(contentsOf: url, encoding: .utf8) else {
            throw ReportError.noPlottingLibrary(lookedAt: url.path)
        }
        // A `</script` inside would end the element that it is embedded in.
        guard source.prefix(200).contains("plotly.js"), source.utf8.count > 500_000, !source.contains("</script") else {
            throw ReportError.notAPlottingLibrary(url.path)
        }
        self.source = source
    }

    /// `WINNOW_PLOTLY`, or where the set-up puts it in the cache (`WINNOW_CACHE`, or `winnow` in the user's cache directory).
    public static func location(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> URL {
        func path(_ name: String) -> URL? {
            environment[name].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
        }
        if let file = path("WINNOW_PLOTLY") { return file }
        // $HOME as the set-up's shell reads it: Foundation's own answer is the account's home, whatever HOME says.
        let home = path("HOME") ?? FileManager.default.homeDirectoryForCurrentUser
        let userCache = path("XDG_CACHE_HOME") ?? home.appendingPathComponent(".cache")
        let cache = path("WINNOW_CACHE") ?? userCache.appendingPathComponent("winnow")
        return cache.appendingPathComponent("plotly/\(version)/plotly.min.js")
    }
}
