import ArgumentParser
import Foundation
import Winnow

/// A model, and perhaps an adapter on it: what several commands open.
struct ModelOptions: ParsableArguments {
    @Option(help: "A Hugging Face folder, a GGUF file, or `default`.")
    var model = "default"

    @Option(help: ArgumentHelp("A PEFT adapter on the model, such as a run's directory.", valueName: "folder"))
    var adapter: String?

    @Option(
        help: ArgumentHelp(
            "How the weights of linear layers are held, as compute.frozen says it: what a run with that setting trained its adapter on.",
            valueName: "storage"))
    var frozen = LayerStorage.exact

    struct Opened {
        let files: LoadedModel
        let adapter: LoRAAdapter?
        var model: any CausalLM { files.model }
    }

    func open() throws -> Opened {
        let files = try Workspace().model(model == "default" ? .standard : .path(model), layers: frozen)
        let adapter = try adapter.map { try LoRAAdapter(AdapterFolder(at: URL(fileURLWithPath: $0)), for: files.model) }
        return Opened(files: files, adapter: adapter)
    }
}

extension LayerStorage: ExpressibleByArgument {}
