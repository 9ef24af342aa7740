import ArgumentParser
import Foundation
import Winnow

/// A model, and perhaps an adapter on it: what several commands open.
struct ModelOptions: ParsableArguments {
    @Option(help: "A Hugging Face folder, a GGUF file, or `default`.")
    var model = "default"

    @Option(help: ArgumentHelp("A PEFT adapter on the model, such as a run's directory.", valueName: "folder"))
    var adapter: String?

    struct Opened {
        let files: LoadedModel
        let adapter: LoRAAdapter?
        var model: any CausalLM { files.model }
    }

    func open() throws -> Opened {
        let files = try Workspace().model(model == "default" ? .standard : .path(model))
        let adapter = try adapter.map { try LoRAAdapter(AdapterFolder(at: URL(fileURLWithPath: $0)), for: files.model) }
        return Opened(files: files, adapter: adapter)
    }
}
