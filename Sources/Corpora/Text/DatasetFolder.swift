import Foundation

/// What a folder of tables says of itself, as `datasets` saves one (`save_to_disk`) or the Hub lays one out.
struct DatasetFolder {
    /// Files that are no data: what `datasets` cached there, and the dataset's card.
    private(set) var leftOut: Set<String> = []
    /// The splits that the folder holds: `train`, `test`, ….
    private(set) var splits: Set<String> = []

    /// - Parameter paths: the files below `folder`, relative to it.
    /// - Throws: `CorpusError.damagedTable` where a file that the dataset consists of is absent.
    init(_ folder: URL, paths: [String]) throws {
        let tables = paths.filter { TextFormat.named($0)?.format.isTable == true }
        guard !tables.isEmpty else { return }
        if paths.contains("README.md") { leftOut.insert("README.md") }
        for path in paths {
            let name = path.split(separator: "/").last ?? ""
            if name == "state.json" { try readState(path, in: folder, paths: paths) }
            if name == "dataset_dict.json" { readDictionary(folder.appendingPathComponent(path)) }
        }
        splits.formUnion(tables.compactMap(Self.split))
    }

    /// `state.json` lists the files of a saved dataset. Others beside them are caches: the same rows, filtered or mapped.
    private mutating func readState(_ path: String, in folder: URL, paths: [String]) throws {
        struct State: Decodable {
            struct File: Decodable { var filename: String }
            var files: [File]
            enum CodingKeys: String, CodingKey { case files = "_data_files" }
        }
        let url = folder.appendingPathComponent(path)
        guard let data = try? Data(contentsOf: url), let state = try? JSONDecoder().decode(State.self, from: data) else { return }
        let prefix = String(path.dropLast("state.json".count))
        let listed = Set(state.files.map { prefix + $0.filename })
        if let absent = listed.subtracting(paths).min() {
            throw CorpusError.damagedTable(path: url.path, reason: "it lists \(absent), which is not there")
        }
        for path in paths where path.hasPrefix(prefix) && path.hasSuffix(".arrow") && !listed.contains(path) {
            if !path.dropFirst(prefix.count).contains("/") { leftOut.insert(path) }
        }
    }

    private mutating func readDictionary(_ url: URL) {
        struct Dictionary: Decodable { var splits: [String] }
        guard let data = try? Data(contentsOf: url) else { return }
        splits.formUnion((try? JSONDecoder().decode(Dictionary.self, from: data))?.splits ?? [])
    }

    /// `train` of `data/train-00000-of-00010.parquet` and of `default/train/0000.parquet`; `nil` where the name says nothing, as
    /// `data-00000-of-00002.arrow` does.
    private static func split(of path: String) -> String? {
        let name = #/(?:.*/)?(?:([^/]+)-[0-9]{5}-of-[0-9]{5}(?:-[0-9a-f]+)?|([^/]+)/[0-9]{4})\.(?:parquet|arrow)/#
        guard let match = path.wholeMatch(of: name), let split = match.1 ?? match.2, split != "data" else { return nil }
        return String(split)
    }
}
