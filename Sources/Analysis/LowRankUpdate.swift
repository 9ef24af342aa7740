import Checkpoints
import Foundation

/// What a LoRA adapter adds to a model: ΔW = scale · B·A on each of its modules.
public struct LowRankUpdate: Sendable, Equatable {
    /// What errors and tables call it.
    public var name: String
    /// α/r.
    public var scale: Double
    /// By the module's path in the base model.
    public var modules: [String: LowRankPair]

    public init(name: String, scale: Double, modules: [String: LowRankPair]) {
        (self.name, self.scale, self.modules) = (name, scale, modules)
    }

    /// Reads a PEFT adapter folder.
    public init(name: String, folder: URL) throws {
        let adapter = try AdapterFolder(at: folder)
        self.init(name: name, scale: adapter.configuration.scale, modules: adapter.modules)
    }

    /// Checks that two updates are on the same modules with the same shapes; ranks may differ.
    func checkModules(agreeWith other: LowRankUpdate) throws {
        for (here, there) in [(self, other), (other, self)] {
            if let missing = here.modules.keys.sorted().first(where: { there.modules[$0] == nil }) {
                throw AnalysisError.missingModule(missing, in: there.name)
            }
        }
        for module in modules.keys.sorted() {
            let (here, there) = (modules[module]!, other.modules[module]!)
            guard (here.outputSize, here.inputSize) == (there.outputSize, there.inputSize) else {
                throw AnalysisError.differentModuleShapes(
                    module: module, first: [here.outputSize, here.inputSize], second: [there.outputSize, there.inputSize])
            }
        }
    }
}
