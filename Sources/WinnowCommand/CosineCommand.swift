import ArgumentParser
import Foundation
import Winnow

/// `winnow cosine`: how alike several adapters moved the model.
struct CosineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cosine",
        abstract: "Compare the directions that adapters moved the model in.",
        discussion: """
            For every two adapters: `effective`, the cosine of ΔW = (α/r)·BA minus the start's, and `adapter`, the cosine of A and \
            B flattened, which a shared start alone brings near 1. A cosine is null where one of the two has not moved.
            """)

    @Argument(help: "PEFT adapter folders, two or more.", completion: .directory)
    var adapters: [String]

    @Option(
        help:
            "The adapter folder that all of them began from; left out, they began from PEFT's initialisation, which adds nothing."
    )
    var start: String?

    @Flag(help: "Print a JSON list.")
    var json = false

    func validate() throws {
        guard adapters.count > 1 else { throw ValidationError("give two adapter folders or more") }
    }

    func run() throws {
        let startUpdate = try start.map { try LowRankUpdate(name: $0, folder: URL(fileURLWithPath: $0)) }
        let directions = try adapters.map { folder in
            try UpdateDirection(LowRankUpdate(name: folder, folder: URL(fileURLWithPath: folder)), start: startUpdate)
        }
        let matrix = try CosineMatrix(directions)
        let pairs = adapters.indices.flatMap { i in
            (i + 1..<adapters.count).map { j in Pair(a: adapters[i], b: adapters[j], matrix.values[i][j]) }
        }
        if json {
            print(String(decoding: try RecordFile.encoder().encode(pairs), as: UTF8.self))
        } else {
            print("effective    adapter")
            for pair in pairs { print("\(text(pair.effective))  \(text(pair.adapter))  \(pair.a)  \(pair.b)") }
        }
    }

    private struct Pair: Encodable {
        var a, b: String
        var adapter, effective: Double?

        init(a: String, b: String, _ cosines: UpdateCosines) {
            (self.a, self.b, adapter, effective) = (a, b, cosines.adapter, cosines.effective)
        }

        private enum CodingKeys: CodingKey { case a, b, adapter, effective }

        /// With `null` where there is no cosine, not without the key.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(a, forKey: .a)
            try container.encode(b, forKey: .b)
            try container.encode(adapter, forKey: .adapter)
            try container.encode(effective, forKey: .effective)
        }
    }

    private func text(_ cosine: Double?) -> String {
        cosine.map { String(format: "%+9.6f", $0) } ?? "     none"
    }
}
