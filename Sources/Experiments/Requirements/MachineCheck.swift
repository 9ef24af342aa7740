import Corpora
import Crypto
import Foundation
import Reporting
import Torch

/// Looks at the machine for everything that Winnow wants from it; changes nothing, and reaches no network.
public struct MachineCheck: Sendable {
    private let environment: [String: String]
    private let input: DefaultInput

    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.environment = environment
        input = DefaultInput(environment: environment)
    }

    public func requirements() -> [Requirement] {
        [
            Requirement("libtorch", for: .everything, libtorch()),
            Requirement("processor", for: .speed, processor()),
            Requirement("CUDA", for: .speed, cuda()),
            Requirement("disk space", for: .everything, diskSpace()),
            Requirement("default model", for: .defaultStudy, defaultModel()),
        ]
            + DefaultInput.Corpus.allCases.map {
                Requirement("corpus \($0.rawValue)", for: .defaultStudy, folder(input.location(of: $0), fix: "make setup"))
            } + [
                Requirement("CHAMP's answers", for: .defaultStudy, champ()),
                Requirement("plotly.js", for: .defaultStudy, plottingLibrary()),
                Requirement("Arrow", for: .tables, arrow()),
                Requirement("Python peers", for: .tests, pythonPeers()),
                Requirement("vocabularies", for: .tests, vocabularies()),
                Requirement("Chromium", for: .tests, browser()),
            ]
    }

    // MARK: The machine

    private func libtorch() -> Requirement.State {
        .met([Runtime.version, KernelFile.loadedLibrary("libtorch_cpu.so")].compactMap { $0 }.joined(separator: ", "))
    }

    /// libtorch runs on any x86-64, and several times faster where it finds AVX2.
    private func processor() -> Requirement.State {
        let threads = "\(Runtime.threadCount) of \(ProcessInfo.processInfo.activeProcessorCount) cores"
        let flags = KernelFile.processorFeatures()
        guard !flags.isEmpty else { return .met(threads) }
        let known = ["avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16"].filter(flags.contains)
        guard flags.contains("avx2") || flags.contains("asimd") else {
            return .missing("\(threads), no AVX2", fix: "use a processor with AVX2: libtorch is several times slower without it")
        }
        return .met(([threads] + known).joined(separator: ", "))
    }

    private func cuda() -> Requirement.State {
        if Runtime.hasCUDA { return .met("libtorch sees a GPU") }
        guard FileManager.default.fileExists(atPath: "/proc/driver/nvidia/version") else {
            return .missing("no NVIDIA driver", fix: "nothing to do on a machine without a GPU: the processor does the work")
        }
        return .missing(
            "there is an NVIDIA driver, but libtorch sees no GPU",
            fix: "install a CUDA build: remove .libtorch, then WINNOW_LIBTORCH_VERSION=\(Runtime.version) make build")
    }

    /// A study of the default size leaves about a gigabyte of adapters, checkpoints and token losses.
    private func diskSpace() -> Requirement.State {
        let needed = 2.0
        let folder = FileManager.default.currentDirectoryPath
        guard
            let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder),
            let bytes = (attributes[.systemFreeSize] as? NSNumber)?.doubleValue
        else { return .missing("\(folder) could not be examined", fix: "run winnow in a folder that you may read") }
        let free = "\((bytes / 1e9).formatted(.number.precision(.fractionLength(1)))) GB free in \(folder)"
        return bytes >= needed * 1e9 ? .met(free) : .missing(free, fix: "free \(needed) GB, or run winnow in another folder")
    }

    // MARK: What the set-up fetches

    private func defaultModel() -> Requirement.State {
        let url = input.modelLocation
        guard let digest = Self.sha256(of: url) else { return .missing("not at \(url.path)", fix: "make setup") }
        guard digest == DefaultInput.modelSHA256 else {
            return .missing("\(url.path) is another file (SHA-256 \(digest))", fix: "remove it, then make setup")
        }
        return .met(url.path)
    }

    private func champ() -> Requirement.State {
        let url = input.champLocation
        guard FileManager.default.fileExists(atPath: url.path) else { return .missing("not at \(url.path)", fix: "make setup") }
        return .met(url.path)
    }

    private func plottingLibrary() -> Requirement.State {
        let url = PlottingLibrary.location(environment: environment)
        guard FileManager.default.fileExists(atPath: url.path) else { return .missing("not at \(url.path)", fix: "make setup") }
        do {
            _ = try PlottingLibrary(url)
            return .met(url.path)
        } catch {
            return .missing("\(error)", fix: "remove \(url.path), then make setup")
        }
    }

    private func arrow() -> Requirement.State {
        let url = ArrowLibrary.location(environment: environment)
        switch ArrowLibrary.version(at: url) {
        case .success(let version): return .met("\(version), \(url.path)")
        case .failure(let error): return .missing(error.reason, fix: "make parquet")
        }
    }

    private func pythonPeers() -> Requirement.State {
        guard let folders = environment["WINNOW_PEERS"], !folders.isEmpty else {
            return folder(input.cache.appendingPathComponent("python-peers"), fix: "make test")
        }
        let absent = folders.split(separator: ":").first { !FileManager.default.fileExists(atPath: String($0)) }
        return absent.map { .missing("WINNOW_PEERS names \($0), which is absent", fix: "unset it, then make test") }
            ?? .met(folders)
    }

    private func vocabularies() -> Requirement.State {
        let path = environment["WINNOW_TEST_VOCABULARIES"] ?? input.cache.appendingPathComponent("vocabularies").path
        return folder(URL(fileURLWithPath: path), fix: "make test")
    }

    private func browser() -> Requirement.State {
        let names = ["chromium", "chromium-headless-shell", "chromium-browser", "google-chrome"]
        let folders = (environment["PATH"] ?? "").split(separator: ":")
        let candidates =
            [environment["WINNOW_CHROMIUM"]].compactMap { $0 } + names.flatMap { name in folders.map { "\($0)/\(name)" } }
        return candidates.first(where: FileManager.default.isExecutableFile).map { .met($0) }
            ?? .missing("none of \(names.joined(separator: ", ")) is on PATH", fix: "as root: apt-get install chromium")
    }

    // MARK: Files

    private func folder(_ url: URL, fix: String) -> Requirement.State {
        let visible = (try? FileManager.default.contentsOfDirectory(atPath: url.path))?.filter { !$0.hasPrefix(".") } ?? []
        return visible.isEmpty ? .missing("not at \(url.path)", fix: fix) : .met(url.path)
    }

    /// - Returns: 64 hexadecimal digits, or `nil` where the file cannot be read.
    static func sha256(of url: URL) -> String? {
        guard let data = try? Data(contentsOf: url, options: .alwaysMapped) else { return nil }
        return SHA256.hash(data: data).map { String(format: "%02x", $0) }.joined()
    }
}
