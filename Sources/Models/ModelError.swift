/// What is wrong with a model or an adapter, and what to do about it.
public enum ModelError: Error, CustomStringConvertible {
    case unknownArchitecture(String, known: [String])
    case missingTensor(String)
    case unreadTensors([String], architecture: String)
    case wrongShape(tensor: String, found: [Int], expected: [Int])
    case unknownTargetModules([String], known: [String])
    case adapterMismatch(module: String, reason: String)
    case sequenceTooLong(Int, limit: Int)
    case emptyPrompt
    case tokenOutOfVocabulary(Int, vocabularySize: Int)
    case badSampling(String)
    case badLogits
    case noInt8(dtype: String, device: String)
    case noPacking(String, dtype: String, device: String)
    case packed(String)
    case noRecomputation(architecture: String)

    public var description: String {
        switch self {
        case .unknownArchitecture(let name, let known):
            "architecture \(name) is unknown; Winnow knows \(known.joined(separator: ", "))"
        case .missingTensor(let name):
            "the model has no tensor \(name): its weights don't belong to its config.json"
        case .unreadTensors(let names, let architecture):
            "the weights hold \(names[0])\(names.count > 1 ? " and \(names.count - 1) more" : ""), for which \(architecture) with this "
                + "many layers has no place: config.json belongs to other weights, or names another family"
        case .wrongShape(let tensor, let found, let expected):
            "tensor \(tensor) has shape \(found), but config.json calls for \(expected)"
        case .unknownTargetModules(let names, let known):
            "no linear layer is called \(names.joined(separator: ", ")); the model has \(known.joined(separator: ", "))"
        case .adapterMismatch(let module, let reason):
            "the adapter doesn't fit the model at \(module): \(reason)"
        case .sequenceTooLong(let length, let limit):
            "a sequence of \(length) tokens is longer than the model's \(limit) positions"
        case .emptyPrompt:
            "there is no token to go on from: give a text to continue"
        case .tokenOutOfVocabulary(let token, let size):
            "token \(token) is none of the model's \(size): the text was encoded by another model's tokenizer"
        case .badSampling(let what):
            "can't sample with \(what)"
        case .badLogits:
            "the model's logits are not finite: its weights, or its adapter's, are damaged"
        case .noInt8(let dtype, let device):
            "frozen weights in int8 want a model in float32 on a processor with AVX-512 VNNI, and this model is in \(dtype) on "
                + "\(device): write compute.frozen: exact"
        case .noPacking(let storage, let dtype, let device):
            "layers packed as \(storage) want a model in float32 on the CPU, and this one is in \(dtype) on \(device): write "
                + "compute.frozen: exact"
        case .packed(let what):
            "the model's layers are packed, and \(what) want them as they are: load it with compute.frozen: exact"
        case .noRecomputation(let architecture):
            "\(architecture) can't run its layers a second time: write compute.recompute: none"
        }
    }
}
