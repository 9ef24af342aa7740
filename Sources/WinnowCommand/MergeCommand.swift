import ArgumentParser
import Foundation
import Winnow

/// `winnow merge`: an adapter put into its model's weights, for any program that reads Hugging Face folders.
struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Write a model, with an adapter merged in, as a Hugging Face folder.",
        discussion: """
            The folder holds config.json, model.safetensors and the tokenizer's files; transformers loads it. \
            Without --adapter it is the model itself: that turns a GGUF file into a folder.

            Examples:
              winnow merge --adapter runs/mine --output merged
              winnow merge --model TinyLlama-1.1B --adapter runs/mine --output merged --dtype bfloat16
            """)

    enum WeightType: String, ExpressibleByArgument, CaseIterable {
        case float32, bfloat16, float16

        var elementType: ElementType {
            switch self {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            }
        }
    }

    @OptionGroup var model: ModelOptions

    @Option(help: "The folder to write; it appears whole or not at all.")
    var output: String

    @Option(help: "The type of the written weights.")
    var dtype = WeightType.float32

    @Flag(help: "Replace what is in the folder.")
    var overwrite = false

    func run() throws {
        let opened = try model.open()
        if opened.files.files.tokenizer == nil {
            Terminal.note("\(opened.files.url.path) has no tokenizer.json: the folder gets no tokenizer either")
        }
        let url = URL(fileURLWithPath: output)
        try opened.model.write(
            to: url, merging: opened.adapter, elementType: dtype.elementType, companions: opened.files.tokenizerFiles(),
            replacing: overwrite)
        print(url.path)
    }
}
