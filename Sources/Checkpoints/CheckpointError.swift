import Foundation

/// What is wrong with a model's or an adapter's files: what, where, and what to do about it.
public enum CheckpointError: Error, Sendable, Hashable {
    /// A system call failed on a file or folder; `code` is its `errno`.
    case system(operation: String, path: String, code: Int32)
    /// The file's bytes contradict its format.
    case malformed(file: String, problem: String)
    case notARegularFile(path: String)
    case unknownTensor(name: String, file: String)
    /// A tensor of a numeric type that Winnow does not read, or does not write, or not as what was asked for.
    case unsupportedType(tensor: String, type: String, file: String, supported: [String])
    case wrongShape(tensor: String, file: String, expected: [Int], found: [Int])
    case wrongCount(tensor: String, file: String, expected: Int, given: Int)
    /// A value that the tensor's numeric type cannot hold.
    case valueOutOfRange(tensor: String, file: String, value: String, type: String)
    case missingShards(index: String, shards: [String])
    case noModel(path: String)
    case noConfiguration(folder: String)
    case noWeights(folder: String)
    /// The weights are there, but pickled; unpickling runs whatever code the file holds.
    case pickledWeights(folder: String, files: [String])
    case unknownArchitecture(name: String, file: String, known: [String])
    /// A setting that Winnow understands and does not implement.
    case unsupportedSetting(key: String, value: String, file: String, supported: String)
    /// The file is well-formed, and what it says cannot be; every problem found.
    case invalid(file: String, problems: [String])
    case noAdapter(folder: String, missing: String)
    case alreadyExists(path: String)
}

extension CheckpointError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system(let operation, let path, let code):
            "\(path): cannot \(operation): \(String(cString: strerror(code))) (errno \(code))"
        case .malformed(let file, let problem):
            "\(file): \(problem); the file is damaged or incomplete: fetch or write it again"
        case .notARegularFile(let path):
            "\(path): is not a regular file"
        case .unknownTensor(let name, let file):
            "\(file): holds no tensor named '\(name)'"
        case .unsupportedType(let tensor, let type, let file, let supported):
            "\(file): tensor '\(tensor)' has the type \(type); supported here: \(supported.joined(separator: ", "))"
        case .wrongShape(let tensor, let file, let expected, let found):
            "\(file): tensor '\(tensor)' has the shape \(found) where \(expected) is needed"
        case .wrongCount(let tensor, let file, let expected, let given):
            "\(file): tensor '\(tensor)' has \(expected) elements, but the buffer has \(given)"
        case .valueOutOfRange(let tensor, let file, let value, let type):
            "\(file): tensor '\(tensor)' holds \(value), which \(type) cannot; write it in a wider type"
        case .missingShards(let index, let shards):
            "\(index): names shards that are not beside it: \(shards.joined(separator: ", ")); fetch the missing files"
        case .noModel(let path):
            "\(path): is neither a Hugging Face model folder nor a GGUF file"
        case .noConfiguration(let folder):
            "\(folder): holds no config.json; a Hugging Face model folder has one beside its weights"
        case .noWeights(let folder):
            "\(folder): holds neither model.safetensors nor model.safetensors.index.json"
        case .pickledWeights(let folder, let files):
            "\(folder): has only pickled weights (\(files.joined(separator: ", "))), which can run code when they are loaded; "
                + "convert them to safetensors, for instance with save_pretrained(folder, safe_serialization=True)"
        case .unknownArchitecture(let name, let file, let known):
            "\(file): unknown architecture '\(name)'; known: \(known.joined(separator: ", "))"
        case .unsupportedSetting(let key, let value, let file, let supported):
            "\(file): \(key) is \(value), which is not supported; supported: \(supported)"
        case .invalid(let file, let problems):
            "\(file): \(problems.joined(separator: "; "))"
        case .noAdapter(let folder, let missing):
            "\(folder): is not a PEFT adapter folder: it holds no \(missing)"
        case .alreadyExists(let path):
            "\(path): exists already; choose another place, or ask for it to be replaced"
        }
    }
}
