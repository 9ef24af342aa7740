import ArgumentParser
import Foundation
import Winnow

/// `winnow inspect`: a text, token by token.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a text token by token: its loss, a reference's, and what would be selected.",
        discussion: """
            Losses and entropies are in nats, each token's given those before it in its block. A * marks the tokens that top-k would \
            select in the block, by excess loss where there is a reference, and by loss where there is none.

            Examples:
              winnow inspect --text essay.txt
              winnow inspect --data prepared/noisy --block 40 --reference runs/reference
              winnow inspect --text essay.txt --adapter runs/adapt --reference base --json
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var text: TextOptions

    @Option(help: "The block to begin with, from 0.")
    var block = 0

    @Option(help: "How many blocks.")
    var blocks = 1

    @Option(
        help: ArgumentHelp(
            "Compare with this adapter on the same model, or with `base`, the model without one.", valueName: "folder|base"))
    var reference: String?

    @Option(help: "The share of a block's tokens to select.")
    var ratio = 0.5

    @Flag(help: "Print {block, position, id, text, loss, entropy, referenceLoss, excess, selected}, a line a token.")
    var json = false

    func validate() throws {
        guard block >= 0 else { throw ValidationError("--block is 0 or more, not \(block)") }
        guard blocks >= 1 else { throw ValidationError("--blocks is 1 or more, not \(blocks)") }
        guard ratio > 0, ratio <= 1 else { throw ValidationError("--ratio lies above 0 and is at most 1, not \(ratio)") }
        if reference == "base", model.adapter == nil {
            throw ValidationError("--reference base is the model itself without --adapter, so every excess would be 0")
        }
    }

    func run() throws {
        ThreadWaiting.shorten()
        let opened = try model.open()
        let all = try text.blocks(for: opened)
        guard block < all.count else {
            throw ValidationError("--block is \(block), and the text has \(all.count) blocks of \(all.blockLength), from 0")
        }
        let inspection = try Inspection(opened, reference: reference, ratio: ratio)
        if !json { print(TokenRow.header(comparing: reference != nil)) }
        for index in block..<min(block + blocks, all.count) {
            for row in try inspection.rows(of: all.block(index), index: index) {
                print(try json ? row.json : row.line(comparing: reference != nil, color: Terminal.showsColor))
            }
        }
    }
}

/// What models say of a block's tokens.
private struct Inspection {
    let tokenizer: Tokenizer
    let student: LiveReference
    let reference: LiveReference?
    let selector: TokenSelector

    init(_ opened: ModelOptions.Opened, reference name: String?, ratio: Double) throws {
        tokenizer = try opened.files.tokenizer()
        student = LiveReference(opened.model, adapter: opened.adapter)
        reference = try name.map { name in
            let adapter =
                name == "base" ? nil : try LoRAAdapter(AdapterFolder(at: URL(fileURLWithPath: name)), for: opened.model)
            return LiveReference(opened.model, adapter: adapter)
        }
        let score: any TokenScore = name == nil ? LossScore() : ExcessLossScore()
        selector = try TokenSelector(score: score, policy: TopKPolicy(), ratio: ratio, pool: .sequence)
    }

    func rows(of batch: TokenBatch, index: Int) throws -> [TokenRow] {
        let own = student.measurements(of: batch, entropy: true)
        let other = reference?.measurements(of: batch, entropy: false)
        let selected = try selector.select(
            TokenMeasurements(loss: own.loss, referenceLoss: other?.loss), groups: [batch.validCount], noise: Generator(seed: 0))
        let isSelected = Set(selected.indices)
        let (losses, entropies): ([Double], [Double]) = (own.loss.values(), own.entropy!.values())
        let references: [Double]? = other?.loss.values()

        var decoder = tokenizer.streamingDecoder()
        var rows = [TokenRow(block: index, position: 0, id: batch.inputIDs[0], text: decoder.push(batch.inputIDs[0]))]
        // A position predicts the token after it; padding isn't shown.
        for (measured, position) in batch.validMask.indices.filter({ batch.validMask[$0] }).enumerated() {
            let id = batch.targetIDs[position]
            var row = TokenRow(block: index, position: position + 1, id: id, text: decoder.push(id))
            (row.loss, row.entropy) = (losses[measured], entropies[measured])
            (row.referenceLoss, row.excess) = (references?[measured], references.map { losses[measured] - $0[measured] })
            row.selected = isSelected.contains(measured)
            rows.append(row)
        }
        return rows
    }
}

/// One token. The first of a block is predicted by nothing and has no loss.
private struct TokenRow: Encodable {
    var block, position: Int
    var id: Int32
    /// What it adds to the text: of a character in several tokens, the last has it all.
    var text: String
    var loss, entropy: Double?
    var referenceLoss, excess: Double?
    var selected: Bool?

    init(block: Int, position: Int, id: Int32, text: String) {
        (self.block, self.position, self.id, self.text) = (block, position, id, text)
    }

    var json: String {
        get throws { String(decoding: try RecordFile.encoder().encode(self), as: UTF8.self) }
    }

    static func header(comparing: Bool) -> String {
        "  block  position    loss  entropy\(comparing ? "  reference  excess" : "")     token"
    }

    /// The token comes last, quoted, so that nothing in it moves a column or reaches the terminal as a command.
    func line(comparing: Bool, color: Bool) -> String {
        func cell(_ value: Double?, _ format: String, width: Int) -> String {
            let text = value.map { String(format: format, $0) } ?? ""
            return String(repeating: " ", count: max(0, width - text.count)) + text
        }
        var cells = [
            cell(Double(block), "%.0f", width: 7), cell(Double(position), "%.0f", width: 10), cell(loss, "%.3f", width: 8),
            cell(entropy, "%.3f", width: 9),
        ]
        if comparing { cells += [cell(referenceLoss, "%.3f", width: 11), cell(excess, "%+.3f", width: 8)] }
        let isSelected = selected == true
        let token = color && isSelected ? "\u{1B}[1m\(text.debugDescription)\u{1B}[0m" : text.debugDescription
        return cells.joined() + (isSelected ? "  *  " : "     ") + token
    }
}
