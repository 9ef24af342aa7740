import Foundation

/// What can go wrong between a file of text and a batch of tokens: where, why, and what to do about it.
public enum CorpusError: Error, Equatable {
    // Text in.
    case notFound(path: String)
    case nothingMatches(pattern: String)
    case unknownExtension(path: String)
    case unreadable(path: String, reason: String)
    case binaryText(path: String)
    case damagedCompression(path: String, reason: String)
    case expandsTooMuch(path: String, compressed: Int, expanded: Int)
    case documentTooLarge(path: String, limit: Int)
    case badLine(path: String, line: Int, reason: String)
    case unparsableHTML(path: String)
    case noArrow(path: String, reason: String)
    case damagedTable(path: String, reason: String)
    case unfitColumn(path: String, reason: String)
    case severalSplits(path: String, splits: [String])
    case deepHTML(path: String)
    case badOption(name: String, reason: String)
    // A prepared corpus.
    case emptyCorpus(reason: String)
    case outputExists(path: String)
    case outputIsNoCorpus(path: String)
    case damagedShard(path: String, reason: String)
    case unsupportedShard(path: String, version: UInt32)
    case damagedManifest(path: String, reason: String)
    case noValidationSplit(path: String)
    case differentTokenizer(path: String)
    case tokenOutOfVocabulary(token: Int, vocabularySize: Int)
    case cannotWrite(path: String, reason: String)
    // Text whose bad parts are known.
    case unknownCorruption(String, known: [String])
    case badAnswers(path: String, reason: String)
    case tooFewMarkedTokens(what: String, tokens: Int, blockLength: Int)
    // Batches.
    case shorterThanBlock(path: String, tokens: Int, blockLength: Int)
    case badBatching(reason: String)
    case foreignSamplerState(reason: String)
}

extension CorpusError: CustomStringConvertible, LocalizedError {
    public var errorDescription: String? { description }

    public var description: String {
        switch self {
        case .notFound(let path):
            "\(path): no such file or folder."
        case .nothingMatches(let pattern):
            "\(pattern): no readable text matches. Readable are \(TextFormat.list)."
        case .unknownExtension(let path):
            "\(path): the extension says nothing about the format. Readable are \(TextFormat.list)."
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason)."
        case .binaryText(let path):
            "\(path): holds NUL bytes, so it is not UTF-8 text. Convert it (for UTF-16: iconv -f UTF-16 -t UTF-8) or leave it out."
        case .damagedCompression(let path, let reason):
            "\(path): the compressed data is damaged: \(reason). Fetch or compress the file again."
        case .expandsTooMuch(let path, let compressed, let expanded):
            "\(path): \(compressed) compressed bytes expand to more than \(expanded). Unpack it by hand if it is to be trusted."
        case .documentTooLarge(let path, let limit):
            "\(path): one document is larger than \(limit) bytes. Split it, or make it a .jsonl with one document a line."
        case .badLine(let path, let line, let reason):
            "\(path), line \(line): \(reason)."
        case .unparsableHTML(let path):
            "\(path): libxml2 finds no HTML document in it."
        case .noArrow(let path, let reason):
            "\(path): Parquet and Arrow files are read by Arrow's library, and \(reason). Run `make parquet` in Winnow's checkout."
        case .damagedTable(let path, let reason):
            "\(path): damaged, or not what its name says: \(reason). Fetch or write the file again."
        case .unfitColumn(let path, let reason):
            "\(path): \(reason). Choose with --field."
        case .severalSplits(let path, let splits):
            "\(path): holds the splits \(splits.joined(separator: ", ")) of a dataset. Name the files or folders of those you want, or choose with --include."
        case .deepHTML(let path):
            "\(path): its \(HTMLTree.deepTags) tags and more nest deeper than 256 levels, or leave more than 10 MB between two of them, "
                + "and libxml2 would lose what follows. Leave it out with --exclude, or divide it."
        case .badOption(let name, let reason):
            "\(name): \(reason)."
        case .emptyCorpus(let reason):
            "No document is left for training (\(reason)). Name more text, or leave less out."
        case .outputExists(let path):
            "\(path) is not empty. Name another folder, or pass --overwrite to replace it."
        case .outputIsNoCorpus(let path):
            "\(path): there is something that is not a prepared corpus; it is left alone. Name another folder."
        case .damagedShard(let path, let reason):
            "\(path): \(reason). Run `winnow prepare` again."
        case .unsupportedShard(let path, let version):
            "\(path): a token shard of version \(version); this Winnow reads version \(TokenShard.version). Run `winnow prepare` again."
        case .damagedManifest(let path, let reason):
            "\(path): not a prepared corpus: \(reason). Make one with `winnow prepare`."
        case .noValidationSplit(let path):
            "\(path): no document was held out. Prepare it again with --validation-every or a larger --validation-fraction."
        case .differentTokenizer(let path):
            "\(path): prepared with another tokenizer than the model's. Run `winnow prepare` again with this model."
        case .tokenOutOfVocabulary(let token, let vocabularySize):
            "Token \(token) is outside the vocabulary of \(vocabularySize): the tokenizer and its stated size disagree."
        case .cannotWrite(let path, let reason):
            "\(path): cannot be written: \(reason.hasSuffix(".") ? String(reason.dropLast()) : reason)."
        case .unknownCorruption(let name, let known):
            "Corruption \(name) is unknown; Winnow knows \(known.joined(separator: ", "))."
        case .badAnswers(let path, let reason):
            "\(path): not CHAMP's answers: \(reason). Remove it and run `make setup` again."
        case .tooFewMarkedTokens(let what, let tokens, let blockLength):
            "\(what): \(tokens) tokens do not fill one block of \(blockLength). Use more text or a shorter block."
        case .shorterThanBlock(let path, let tokens, let blockLength):
            "\(path): \(tokens) tokens do not fill one block of \(blockLength). Use more text or a shorter block."
        case .badBatching(let reason):
            "Cannot cut batches: \(reason)."
        case .foreignSamplerState(let reason):
            "The saved sampler position does not belong to this corpus: \(reason). Resume with the corpus and block length of the run."
        }
    }
}
