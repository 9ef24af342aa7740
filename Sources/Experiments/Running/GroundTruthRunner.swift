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
    public var shouldStop: () -> Bool = { false }
    /// Told after every batch: the text's name, the batch's tokens, and the rate on this text.
    public var onProgress: (_ text: String, _ tokens: Int, _ tokensPerSecond: Double) -> Void = { _, _, _ in }

    private let study: Study
    private let directory: URL
    private let workspace: Workspace

    /// - Parameter directory: the study's, in which its references are finished.
    /// - Returns: `nil` where the study doesn't ask for it.
    public init?(_ study: Study, in directory: URL, workspace: Workspace) {
        guard let recipe = study.groundTruth else { return nil }
        (self.recipe, self.study, self.directory, self.workspace) = (recipe, study, directory, workspace)
    }

    public var file: URL { directory.appendingPathComponent(GroundTruthRecord.fileName) }

    /// Tokens of the forward passes that are left, as far as the names of the texts tell.
    var tokensLeft: Int {
        let done = (try? GroundTruthRecord.read(from: file))?.tests.map(\.name) ?? []
        let left = GroundTruthText.names(of: recipe).filter { !done.contains($0) }
        return recipe.tokens * left.count * (study.references.count + 1)
    }

    /// Looks for everything that will be read, so that a study without it stops before its references are trained and not after.
    public func checkInput() throws {
        let loaded = try workspace.model(start.model, for: start.compute)
        _ = try loaded.tokenizer()
        if recipe.champ { _ = try workspace.input.champURL() }
        guard recipe.corruptions != nil else { return }
        let corpus = try workspace.corpus(recipe.text)
        _ = try corpus.requireValidation()
        // Text is made of the corpus's tokens, so they must mean the same to the student.
        try workspace.check(corpus, madeFor: loaded)
    }

    /// Scores what is not scored yet.
    ///
    /// - Returns: `.stopped` where `shouldStop` said so; calling again goes on with the next text.
    public func callAsFunction() throws -> TrainingLoop.Outcome {
        try checkInput()
        Runtime.threadCount = start.compute.threads > 0 ? start.compute.threads : ProcessInfo.processInfo.activeProcessorCount
        let loaded = try workspace.model(start.model, for: start.compute)
        let student = try student(loaded)
        // A student that has been trained already is compared with its base too; over itself it has no excess.
        let reference = try workspace.reference(start.model, trained: loaded, for: start.compute)
        let base = try GroundTruthModel(base: reference.loaded, as: reference.model, name: "base")
        let models = try
            (study.references.map { try GroundTruthModel(trained: $0, in: directory, for: start.compute, workspace: workspace) }
            + [base])
            .filter { $0.identity != student.identity }

        let key = try key(student: student, references: models)
        var record = GroundTruthRecord(student: "\(student.label), before training", tests: [])
        record.key = key
        if let earlier = try? GroundTruthRecord.read(from: file), earlier.key == key { record.tests = earlier.tests }

        let names = GroundTruthText.names(of: recipe)
        let cutting = GroundTruthText.Cutting(
            encoder: try loaded.tokenizer(), separatorID: try start.data.separators ? Run.separator(of: loaded) : nil,
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

    /// The baseline's recipe: its start is the student.
    private var start: Recipe { study.arms.first { $0.name == study.baseline }!.recipe }

    /// The student is computed as evaluations are: with what is held, and not in int8.
    private var studentCompute: ComputeRecipe {
        var compute = start.compute
        compute.reference = .held(compute.frozen == .int8 ? .exact : compute.frozen)
        return compute
    }

    private func student(_ loaded: LoadedModel) throws -> GroundTruthModel {
        switch start.adapter?.start {
        case .folder(let path): try GroundTruthModel(adapter: URL(fileURLWithPath: path), on: loaded, name: "student")
        case .trained(.reference(let name)):
            try GroundTruthModel(
                trained: study.references.first { $0.recipe.name == name }!, in: directory, for: studentCompute,
                workspace: workspace)
        // An arm isn't trained yet; its own start is where it came from.
        case .trained(.arm), nil: try GroundTruthModel(base: loaded, name: "student")
        }
    }

    /// - Returns: `nil` where it was told to stop.
    private func score(
        _ text: GroundTruthText, student: GroundTruthModel, references: [GroundTruthModel]
    ) throws -> GroundTruthRecord.Test? {
        let began = ContinuousClock.now
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
                onProgress(text.name, batch.inputIDs.count, Double(done) / max(1e-9, (ContinuousClock.now - began) / .seconds(1)))
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
    private func key(student: GroundTruthModel, references: [GroundTruthModel]) throws -> String {
        var parts = [
            "1", student.identity, start.compute.precision, "\(start.data.blockLength)", "\(start.data.separators)",
            "\(recipe.tokens) \(recipe.share) \(recipe.seed)",
        ]
        parts += references.map { "\($0.name) \($0.identity)" }
        if recipe.corruptions != nil { parts.append(try workspace.corpus(recipe.text).requireValidation().contentHash) }
        return SHA256.hash(data: Data(parts.joined(separator: "\n").utf8)).map { String(format: "%02x", $0) }.joined()
    }
}
