import Corpora
import Crypto
import Foundation
import Models
import RunRecords
import Torch
import Training

/// Scores texts whose bad tokens are known, under a study's start and its references, and writes `ground-truth.json`.
///
/// The file is written anew after every text. One that was made of the same models and texts is gone on with; another is replaced.
public struct GroundTruthRunner {
    public let recipe: GroundTruthRecipe
    public let file: URL
    public var shouldStop: () -> Bool = { false }
    /// Told after every batch: the text's name, the batch's tokens, and the rate on this text.
    public var onProgress: (_ text: String, _ tokens: Int, _ tokensPerSecond: Double) -> Void = { _, _, _ in }

    private let start: Recipe
    private let references: [(name: String, recipe: Recipe, directory: URL)]
    private let workspace: Workspace
    private let encoder: (any TextEncoder)?

    /// - Parameters:
    ///   - start: the recipe whose start is the student, with the paths of trained runs in place of their names.
    ///   - references: finished runs, and where they lie.
    ///   - directory: the study's.
    ///   - encoder: `nil` for the student's own tokenizer.
    public init(
        _ recipe: GroundTruthRecipe, start: Recipe, references: [(name: String, recipe: Recipe, directory: URL)],
        in directory: URL, workspace: Workspace, encoder: (any TextEncoder)? = nil
    ) {
        (self.recipe, self.start, self.references) = (recipe, start, references)
        (self.workspace, self.encoder) = (workspace, encoder)
        file = directory.appendingPathComponent(GroundTruthRecord.fileName)
    }

    /// Tokens of all forward passes together, whether or not they are done.
    public static func tokens(_ recipe: GroundTruthRecipe, references: Int) -> Int {
        recipe.tokens * GroundTruthText.names(of: recipe).count * (references + 1)
    }

    /// Scores what is not scored yet.
    ///
    /// - Returns: `.stopped` where `shouldStop` said so; calling again goes on with the next text.
    public func callAsFunction() throws -> TrainingLoop.Outcome {
        Runtime.threadCount = start.compute.threads > 0 ? start.compute.threads : ProcessInfo.processInfo.activeProcessorCount
        let loaded = try workspace.model(start.model, dtype: start.compute.dtype, on: start.compute.device)
        let student = try GroundTruthModel(startOf: start, in: workspace)
        var models = try references.map {
            try GroundTruthModel(trained: $0.name, as: $0.recipe, in: $0.directory, workspace: workspace)
        }
        // A student with an adapter has its own base to be compared with.
        if case .folder = start.adapter?.start { models.append(try GroundTruthModel(base: loaded, name: "base")) }

        let key = try key(student: student, references: models, loaded: loaded)
        var record = GroundTruthRecord(student: "\(student.label), before training", tests: [])
        record.key = key
        if let earlier = try? GroundTruthRecord.read(from: file), earlier.key == key { record.tests = earlier.tests }

        let names = GroundTruthText.names(of: recipe)
        let cutting = GroundTruthText.Cutting(
            encoder: try encoder ?? loaded.tokenizer(), separatorID: try start.data.separators ? Run.separator(of: loaded) : nil,
            blockLength: start.data.blockLength)
        for name in names where !record.tests.contains(where: { $0.name == name }) {
            let text = try GroundTruthText(name, of: recipe, cutting: cutting, in: workspace)
            guard let test = try score(text, student: student, references: models) else { return .stopped }
            record.tests.append(test)
            try record.write(to: file)
        }
        let tests = names.compactMap { name in record.tests.first { $0.name == name } }
        if tests != record.tests {
            record.tests = tests
            try record.write(to: file)
        }
        return .finished
    }

    /// - Returns: `nil` where it was told to stop.
    private func score(
        _ text: GroundTruthText, student: GroundTruthModel, references: [GroundTruthModel]
    ) throws -> GroundTruthRecord.Test? {
        let began = Date()
        var done = 0
        var opinions: [GroundTruthScores.Opinion] = []
        for model in [student] + references {
            var opinion = GroundTruthScores.Opinion()
            for batch in text.blocks.batches(of: max(start.training.batchSize, 8)) {
                guard !shouldStop() else { return nil }
                let measured = model.scorer.measurements(of: batch, entropy: true)
                opinion.loss += measured.loss.values() as [Float]
                opinion.entropy += measured.entropy!.values() as [Float]
                done += batch.inputIDs.count
                onProgress(text.name, batch.inputIDs.count, Double(done) / Date().timeIntervalSince(began))
            }
            opinions.append(opinion)
        }
        let counted = text.blocks.counted
        let scores = GroundTruthScores(
            student: opinions[0], references: zip(references, opinions.dropFirst()).map { ($0.name, $1) })
        return GroundTruthRecord.Test(
            name: text.name, label: text.label, text: text.summary, blocks: text.blocks.count, tokens: counted.count,
            badTokens: counted.count(where: \.isBad), scores: try scores.judged(by: counted))
    }

    /// What a record is made of, but for the kinds of damage: those are told apart by their names.
    private func key(student: GroundTruthModel, references: [GroundTruthModel], loaded: LoadedModel) throws -> String {
        var parts = [
            "1", student.identity, "\(start.compute.dtype)", "\(start.data.blockLength)", "\(start.data.separators)",
            "\(recipe.tokens) \(recipe.share) \(recipe.seed)",
        ]
        parts += references.map { "\($0.name) \($0.identity)" }
        if recipe.corruptions != nil {
            let corpus = try workspace.corpus(recipe.text)
            // Text is made of the corpus's tokens, so they must mean the same to the student.
            if encoder == nil { try workspace.check(corpus, madeFor: loaded) }
            parts.append(try corpus.requireValidation().contentHash)
        }
        return SHA256.hash(data: Data(parts.joined(separator: "\n").utf8)).map { String(format: "%02x", $0) }.joined()
    }
}
