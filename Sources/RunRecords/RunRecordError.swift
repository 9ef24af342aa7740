/// What can be wrong with the records of a run. Each says what, where, and what to do about it.
public enum RunRecordError: Error, Equatable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case unwritable(file: String, reason: String)
    case unknownFormat(file: String, found: Int, supported: Int)
    case malformedLine(file: String, line: Int, reason: String)
    case directoryNotEmpty(String)
    case directoryInUse(directory: String, process: Int?)
    case notARunDirectory(String)
    case nothingToResume(String)
    case notAStudy(String)
    case missingTensor(file: String, tensor: String, present: [String])
    case wrongElementType(file: String, tensor: String, found: String, accepted: [String])
    case wrongShape(file: String, tensor: String, found: [Int], expected: String)
    case notAMaskValue(file: String, row: Int, position: Int, value: Double)
    case notATokenID(file: String, row: Int, position: Int, value: Double)
    case inconsistentCounts(what: String, found: Int, expected: Int)
    case firstPositionCounts(row: Int)
    case notAReferenceLossFile(file: String, reason: String)
    case foreignReferenceLosses(file: String, differences: [ReferenceLossKey.Difference])
    case blockNotStored(file: String, block: Int, rowCount: Int)
    case foreignPartialStore(file: String)
    case notStorable(file: String, block: Int, reason: String)
    case inUse(file: String)
    case damagedSelections(file: String, reason: String)
    case foreignSelections(file: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "cannot read \(file): \(reason)"
        case .unwritable(let file, let reason):
            "cannot write \(file): \(reason)"
        case .unknownFormat(let file, let found, let supported):
            "\(file) has format \(found), this winnow reads format \(supported): read it with the winnow that wrote it"
        case .malformedLine(let file, let line, let reason):
            "\(file), line \(line): \(reason); delete the line to read the rest"
        case .directoryNotEmpty(let directory):
            "\(directory) is not empty: give --resume to go on where it was, --overwrite to start again, or another directory"
        case .directoryInUse(let directory, let process):
            "\(directory) is being worked in by \(process.map { "process \($0)" } ?? "another process"): "
                + "wait for it, stop it, or give another directory"
        case .notARunDirectory(let directory):
            "\(directory) holds other files and no \(RunDirectory.manifestName), so it is not a run: give another directory"
        case .nothingToResume(let directory):
            "\(directory) holds no \(RunDirectory.manifestName), so there is nothing to resume: leave out --resume to start a run"
        case .notAStudy(let directory):
            "\(directory) holds no \(StudyRecord.fileName): give the directory that `winnow study` wrote to"
        case .missingTensor(let file, let tensor, let present):
            "\(file) has no tensor `\(tensor)` (it has \(present.joined(separator: ", "))): is it a token-loss file?"
        case .wrongElementType(let file, let tensor, let found, let accepted):
            "\(file): `\(tensor)` is \(found); store it as \(accepted.joined(separator: ", "))"
        case .wrongShape(let file, let tensor, let found, let expected):
            "\(file): `\(tensor)` has shape \(found), expected \(expected)"
        case .notAMaskValue(let file, let row, let position, let value):
            "\(file): mask[\(row), \(position)] is \(value); a mask holds 0 and 1"
        case .notATokenID(let file, let row, let position, let value):
            "\(file): input_ids[\(row), \(position)] is \(value), which is not a token id"
        case .inconsistentCounts(let what, let found, let expected):
            "\(what) holds \(found) values, rows × positions is \(expected)"
        case .firstPositionCounts(let row):
            "row \(row) counts position 0, which nothing predicts: mask it"
        case .notAReferenceLossFile(let file, let reason):
            "\(file) is not a reference-loss store that this winnow reads: \(reason); write it again with `winnow score`"
        case .foreignReferenceLosses(let file, let differences):
            "\(file) holds other losses than are needed here; "
                + differences.map { "\($0.field): the store has \($0.stored), needed is \($0.needed)" }.joined(separator: "; ")
                + "; `winnow score` writes one that fits"
        case .blockNotStored(let file, let block, let rowCount):
            "\(file) holds \(rowCount) blocks, and block \(block) isn't among them: score all blocks, without "
                + "--blocks, or those of this recipe's run, with --recipe"
        case .foreignPartialStore(let file):
            "\(file) is the beginning of a store of other losses: delete it, pass --overwrite, or write to another file"
        case .notStorable(let file, let block, let reason):
            "\(file): block \(block) can't be stored: \(reason)"
        case .inUse(let file):
            "\(file) is being written by another process: wait for it, or give another file"
        case .damagedSelections(let file, let reason):
            "\(file) is damaged: \(reason); run again with training.keepSelections: true to have it written anew"
        case .foreignSelections(let file, let reason):
            "\(file) can't be gone on with: \(reason); start again with --overwrite"
        }
    }
}
