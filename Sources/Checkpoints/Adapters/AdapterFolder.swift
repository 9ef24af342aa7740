import Foundation

/// A PEFT adapter folder in memory: `adapter_config.json`, and `adapter_model.safetensors` with, for each module,
/// `base_model.model.{module}.lora_A.weight` and `….lora_B.weight`.
public struct AdapterFolder: Sendable, Hashable {
    public var configuration: AdapterConfiguration
    /// By the module's path in the base model, such as `model.layers.0.self_attn.q_proj`.
    public var modules: [String: LowRankPair]

    static let configurationName = "adapter_config.json"
    static let weightsName = "adapter_model.safetensors"

    public init(configuration: AdapterConfiguration, modules: [String: LowRankPair]) {
        (self.configuration, self.modules) = (configuration, modules)
    }

    /// Reads the folder; weights of any floating-point type are widened to float32.
    ///
    /// - Throws: `CheckpointError.noAdapter`, `.pickledWeights`; `.invalid` with every tensor that is no LoRA matrix, lacks
    ///   its partner, has another rank than the configuration's, or belongs to no target module; and what reading throws.
    public init(at url: URL) throws {
        let configurationFile = url.appendingPathComponent(Self.configurationName)
        let weightsFile = url.appendingPathComponent(Self.weightsName)
        guard FileManager.default.fileExists(atPath: configurationFile.path) else {
            throw CheckpointError.noAdapter(folder: url.path, missing: Self.configurationName)
        }
        guard FileManager.default.fileExists(atPath: weightsFile.path) else {
            let pickled = "adapter_model.bin"
            throw FileManager.default.fileExists(atPath: url.appendingPathComponent(pickled).path)
                ? CheckpointError.pickledWeights(folder: url.path, files: [pickled])
                : CheckpointError.noAdapter(folder: url.path, missing: Self.weightsName)
        }
        try self.init(AdapterConfiguration(contentsOf: configurationFile), weights: SafetensorsFile(weightsFile))
    }

    package init(_ configuration: AdapterConfiguration, weights: SafetensorsFile) throws {
        self.configuration = configuration
        modules = [:]
        for module in try Self.moduleNames(in: weights, of: configuration) {
            modules[module] = try LowRankPair(
                a: weights.floats(Self.key(module, "A")), b: weights.floats(Self.key(module, "B")), rank: configuration.rank)
        }
    }

    /// Writes both files, each whole or not at all, into `url`, which is made where it is missing; other files there stay. The folder around it
    /// has to be there: a run whose directory was moved away must not begin another.
    ///
    /// The configuration comes last: where it is, the weights are.
    ///
    /// - Precondition: there are modules, and all have the configuration's rank.
    public func write(to url: URL) throws {
        precondition(!modules.isEmpty, "an adapter without modules")
        precondition(modules.values.allSatisfy { $0.rank == configuration.rank }, "a module of another rank than the adapter's")
        try configuration.validate(file: url.appendingPathComponent(Self.configurationName).path)
        guard mkdir(url.path, 0o777) == 0 || errno == EEXIST else {
            throw CheckpointError.system(operation: "create", path: url.path, code: errno)
        }
        let contents = modules.flatMap { module, pair in
            [
                (Self.key(module, "A"), [pair.rank, pair.inputSize], pair.a),
                (Self.key(module, "B"), [pair.outputSize, pair.rank], pair.b),
            ].map { (TensorDescription(name: $0.0, elementType: .float32, shape: $0.1), TensorValues.floats($0.2)) }
        }
        try SafetensorsWriter.write(contents, to: url.appendingPathComponent(Self.weightsName))
        try AtomicFile.write(JSONFile.encode(configuration), to: url.appendingPathComponent(Self.configurationName))
    }

    private static let prefix = "base_model.model."

    private static func key(_ module: String, _ matrix: String) -> String { "\(prefix)\(module).lora_\(matrix).weight" }

    /// The modules whose two matrices the file holds, in the file's order, once everything in it is accounted for.
    private static func moduleNames(in weights: SafetensorsFile, of configuration: AdapterConfiguration) throws -> [String] {
        var problems: [String] = []
        var modules: [String] = []
        var seen: Set<String> = []
        for tensor in weights.tensors {
            guard let (module, matrix) = parse(tensor.name) else {
                problems.append("tensor '\(tensor.name)' is no LoRA matrix")
                continue
            }
            let rankAxis = matrix == "A" ? 0 : 1
            if tensor.shape.count != 2 || tensor.shape[rankAxis] != configuration.rank {
                problems.append("tensor '\(tensor.name)' has the shape \(tensor.shape), and r is \(configuration.rank)")
            }
            let partner = key(module, matrix == "A" ? "B" : "A")
            if weights.description(of: partner) == nil {
                problems.append("tensor '\(tensor.name)' lacks its partner '\(partner)'")
            }
            guard seen.insert(module).inserted else { continue }
            if !configuration.targetModules.contains(module) { problems.append("'\(module)' is not among target_modules") }
            modules.append(module)
        }
        if case .names(let names) = configuration.targetModules {
            for name in names {
                let target = AdapterConfiguration.TargetModules.names([name])
                guard !modules.contains(where: target.contains) else { continue }
                problems.append("there are no matrices for the target module '\(name)'")
            }
        }
        guard problems.isEmpty else { throw CheckpointError.invalid(file: weights.url.path, problems: problems) }
        return modules
    }

    private static func parse(_ name: String) -> (module: String, matrix: String)? {
        guard name.hasPrefix(prefix) else { return nil }
        for matrix in ["A", "B"] where name.hasSuffix(".lora_\(matrix).weight") {
            let module = name.dropFirst(prefix.count).dropLast(".lora_\(matrix).weight".count)
            return module.isEmpty ? nil : (String(module), matrix)
        }
        return nil
    }
}
