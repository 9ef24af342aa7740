import CArrow
import Foundation

/// What stands between Winnow and Arrow's C++ library (`Sources/CArrow`), opened when the first table is read.
///
/// It is opened at run time and not linked, so that Winnow builds and starts without it, and so that its symbols and libtorch's
/// stay apart.
package struct ArrowLibrary: @unchecked Sendable {
    // @unchecked: the table of functions is constant, and the functions may be called from any thread.
    let functions: UnsafePointer<ca_functions>

    package struct Absent: Error { package let reason: String }

    /// - Throws: `Absent` where there is none, or one of another version.
    package init(at url: URL) throws {
        guard FileManager.default.fileExists(atPath: url.path) else { throw Absent(reason: "it is not at \(url.path)") }
        guard let handle = dlopen(url.path, RTLD_NOW | RTLD_LOCAL) else {
            throw Absent(reason: "\(url.path) cannot be opened (\(String(cString: dlerror())))")
        }
        guard let symbol = dlsym(handle, "winnow_arrow") else { throw Absent(reason: "\(url.path) is something else") }
        let table = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<ca_functions>).self)
        functions = table()
        guard functions.pointee.version == Int32(ca_version) else { throw Absent(reason: "\(url.path) is of another Winnow") }
    }

    private static let opened = Result { try ArrowLibrary(at: location()) }

    /// - Throws: `CorpusError.noArrow`, which names the file that cannot be read without it.
    static func shared(for file: SourceFile) throws -> ArrowLibrary {
        do {
            return try opened.get()
        } catch let error as Absent {
            throw CorpusError.noArrow(path: file.url.path, reason: error.reason)
        }
    }

    /// The version of Arrow, or why there is none.
    package static func version(at url: URL) -> Result<String, Absent> {
        Result { try String(cString: ArrowLibrary(at: url).functions.pointee.arrowVersion) }.mapError { $0 as! Absent }
    }

    /// `WINNOW_ARROW`, or where `make parquet` puts it in the cache (`WINNOW_CACHE`, or `winnow` in the user's cache directory).
    package static func location(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
        func path(_ name: String) -> URL? {
            environment[name].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
        }
        if let file = path("WINNOW_ARROW") { return file }
        // $HOME as the set-up's shell reads it: Foundation's own answer is the account's home, whatever HOME says.
        let home = path("HOME") ?? FileManager.default.homeDirectoryForCurrentUser
        let userCache = path("XDG_CACHE_HOME") ?? home.appendingPathComponent(".cache")
        let cache = path("WINNOW_CACHE") ?? userCache.appendingPathComponent("winnow")
        return cache.appendingPathComponent("libarrow/libwinnow-arrow.so")
    }
}
