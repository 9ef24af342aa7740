extension StudyRecord {
    /// Every path that a report opens, under the key that holds it.
    ///
    /// `startAdapter` isn't among them: a run may have begun from an adapter of the user's that lies anywhere, and whoever reads
    /// a record asks before opening one outside (`leadsOut`).
    private var paths: [(key: String, path: String)] {
        func named(_ key: String, _ paths: [String: String]) -> [(String, String)] { paths.map { ("\(key).\($0.key)", $0.value) } }
        let runs = arms.flatMap(\.runs).flatMap { run in
            [("directory", run.directory), ("adapter", run.adapter), ("selections", run.selections)].compactMap { key, path in
                path.map { (key, $0) }
            } + named("tokenLosses", run.tokenLosses) + run.checkpoints.flatMap { named("tokenLosses", $0.tokenLosses) }
        }
        return runs + named("startTokenLosses", startTokenLosses) + named("viewerTexts", viewerTexts)
            + referenceTokenLosses.flatMap { named("referenceTokenLosses.\($0.key)", $0.value) }
            + (groundTruth.map { [("groundTruth", $0)] } ?? [])
    }

    /// The first path that leads out of the study's directory, in words.
    var pathFlaw: String? {
        paths.filter { Self.leadsOut($0.path) }.min { $0 < $1 }.map {
            "`\($0.key)` is \($0.path), which is not a path within the study's directory"
        }
    }

    /// Whether a path of a record isn't one below the study's directory. Symbolic links count as what they are called.
    public static func leadsOut(_ path: String) -> Bool {
        // Byte by byte: to Swift, a slash with a combining mark behind it is another character.
        let slash = UInt8(ascii: "/")
        return path.isEmpty || path.utf8.first == slash || path.utf8.contains(0)
            || path.utf8.split(separator: slash).contains { $0.elementsEqual("..".utf8) }
    }
}
