import Checkpoints
import Corpora
import Foundation
import Models
import RunRecords
import TokenSelection
import Torch
import Training

/// A recipe turned into the objects that do its work.
public final class Run {
    /// As it was given, on this rank's device.
    public let recipe: Recipe
    public let loaded: LoadedModel
    public let trainer: Trainer
    /// The live reference, where the selection compares with one and no store has its losses.
    public let reference: RememberedReference?
    /// The store that the reference's losses are read from.
    public let storedReference: StoredReference?
    /// Where the data begins; the trainer's own sampler moves on.
    private let firstSampler: any BlockSampler
    /// The recipe with folders in the place of a study's runs.
    private let onDisk: Recipe
    /// Of the recipe as all ranks have it.
    private let sharedHash: String
    /// What is trained on, whole.
    let trainingBlocks: BlockSeries
    /// What a log of its selections is laid out for.
    let selectionLayout: SelectionHistory.Layout
    /// Held-out splits by name, in the order of their names.
    public let splits: [TrainingLoop.Split]
    /// Content hash of each split, `train` included.
    public let dataHashes: [String: String]

    /// - Parameters:
    ///   - references: what other runs have computed of the same reference, shared among arms.
    ///   - ranks: who train together, each with a run of the same recipe.
    ///   - trained: the folder of a run that the recipe names as one of its study's.
    /// - Throws: `RunError`; what opening the files throws, `TrainingError`, `ModelError`, `SelectionError`.
    public init(
        _ given: Recipe, in workspace: Workspace, references: ReferenceShelf = ReferenceShelf(),
        ranks: ProcessGroup = ProcessGroup(), trained: (TrainedRun) -> String = \.description
    ) throws {
        var recipe = given
        recipe.compute = try given.compute.placed(for: ranks)
        (self.recipe, sharedHash) = (recipe, given.hash)
        let onDisk = recipe.replacingTrainedRuns(with: trained)
        self.onDisk = onDisk
        recipe.compute.setThreads(for: ranks)
        Runtime.arithmetic = recipe.compute.arithmetic
        try recipe.compute.checkNCCL(for: ranks)
        try Runtime.leaveDefaultStream(of: recipe.compute.device)
        if recipe.compute.arithmetic == .kernels, let problem = Runtime.kernelProblem(on: recipe.compute.device) {
            throw RunError.noKernels(device: recipe.compute.device.description, problem: problem)
        }
        // Full-weight training changes the model in place, so it gets one of its own.
        let loaded = try workspace.model(recipe.model, for: recipe.compute, isShared: recipe.adapter != nil)
        self.loaded = loaded
        let model = loaded.model

        let separator = try recipe.data.separators ? Self.separator(of: loaded) : nil
        func corpus(_ source: CorpusSource) throws -> PreparedCorpus {
            let corpus = try workspace.corpus(source)
            try workspace.check(corpus, madeFor: loaded)
            return corpus
        }
        func blocks(_ shard: TokenShards, tail: PackedBlocks.Tail) throws -> PackedBlocks {
            try PackedBlocks(shard: shard, blockLength: recipe.data.blockLength, separatorID: separator, tail: tail)
        }
        let sources = try recipe.data.train.parts.map {
            MixtureSampler.Source(try blocks(corpus($0.corpus).train, tail: .drop), weight: $0.weight)
        }
        let (batchSize, seed) = (recipe.training.batchSize, UInt64(recipe.training.seed))
        let sampler: any BlockSampler =
            sources.count == 1
            ? try BatchSampler(blocks: sources[0].blocks, batchSize: batchSize, seed: seed)
            : try MixtureSampler(sources, batchSize: batchSize, seed: seed)
        let training = sampler.series
        (firstSampler, trainingBlocks) = (sampler, training)
        selectionLayout = SelectionHistory.Layout(recipe, corpora: training.corpora)
        var hashes = ["train": training.contentHash]
        let limit = recipe.training.evaluationTokens.count.map { max(1, $0 / recipe.data.blockLength) }
        splits = try recipe.data.validation.sorted { $0.key < $1.key }.map { name, source in
            let shard = try corpus(source).requireValidation()
            hashes[name] = shard.contentHash
            return TrainingLoop.Split(
                name: name,
                batches: try EvaluationBatches(
                    blocks: blocks(shard, tail: .pad), batchSize: max(recipe.training.batchSize, 8), limit: limit))
        }
        dataHashes = hashes

        let adapter = try onDisk.adapter.map { try Self.adapter($0, for: model) }
        let selector = try TokenSelector(recipe.selection)
        let source = selector.needs.contains(.referenceLoss) ? onDisk.selection.reference : nil
        if let source, let store = recipe.selection.store {
            let key = try ReferenceIdentity(source, of: loaded).key(
                of: training, precision: recipe.compute.referencePrecision)
            storedReference = try StoredReference(ReferenceLossFile(URL(fileURLWithPath: store)), key: key)
            reference = nil
        } else {
            storedReference = nil
            reference = try source.map {
                try references.reference(
                    $0, for: recipe, model: loaded, blocks: training,
                    entropy: recipe.selection.usesReferenceEntropy, in: workspace)
            }
        }
        var stepModel = recipe.compute.frozen == .int8 ? try loaded.int8Model.get() : model
        if recipe.compute.recompute == .layers { stepModel = try stepModel.recomputingLayers() }
        trainer = try Trainer(
            model: model, stepModel: stepModel, adapter: adapter,
            sampler: sampler, selector: selector, reference: storedReference ?? reference,
            replay: SelectionReplay(onDisk, corpora: training.corpora, layout: selectionLayout),
            options: Trainer.Options(recipe), ranks: ranks)
        if let reference, reference.isStored { try reference.expect(blocksSeen) }
    }

    /// The blocks that the run trains on, each once, in the order in which it first sees them.
    public private(set) lazy var blocksSeen: [Int] = {
        var (sampler, seen) = (firstSampler, Set<Int>())
        return (0..<recipe.steps * recipe.training.accumulation).flatMap { _ in
            sampler.next().blockIndices.filter { seen.insert($0).inserted }
        }
    }()

    /// Wall time of the reference's pass over the blocks that this run sees, at the rate at which its losses were scored,
    /// whether this run had them scored, an earlier one, or `winnow score`. 0 without a reference, and before anything is scored.
    public var referenceScoringSeconds: Double {
        let rate = storedReference?.file.secondsPerBlock ?? reference?.secondsPerBlock
        return rate.map { $0 * Double(blocksSeen.count) } ?? 0
    }

    private static func adapter(_ recipe: AdapterRecipe, for model: any CausalLM) throws -> LoRAAdapter {
        if case .folder(let path) = recipe.start {
            return try LoRAAdapter(AdapterFolder(at: URL(fileURLWithPath: path)), for: model)
                .replacing(dropout: recipe.dropout)
        }
        var options = LoRAAdapter.Options()
        options.rank = recipe.rank
        options.alpha = recipe.alpha
        options.dropout = recipe.dropout
        options.targetModules = recipe.targetModules
        return try LoRAAdapter(for: model, options: options, seed: UInt64(recipe.seed))
    }

    static func separator(of loaded: LoadedModel) throws -> Int32 {
        guard let token = try loaded.tokenizer().eosTokenID else { throw RunError.noSeparator(model: loaded.name) }
        return token
    }

    /// What the recipe builds on besides the model and the data, hashed, by the recipe's key.
    private func inputHashes() throws -> [String: String] {
        var hashes: [String: String] = [:]
        if reference != nil, let source = onDisk.selection.reference {
            let identity = try ReferenceIdentity(source, of: loaded)
            hashes["selection.reference"] = [identity.modelHash, identity.adapterHash].compactMap { $0 }.joined(separator: "+")
        }
        if let storedReference { hashes["selection.store"] = try ContentHash.of([storedReference.file.url]) }
        if case .folder(let path) = onDisk.adapter?.start {
            hashes["adapter.start"] = try ReferenceIdentity(loaded, adapter: URL(fileURLWithPath: path)).adapterHash
        }
        if let replayed = onDisk.selection.replay?.selections {
            hashes["selection.replay.from"] = try ContentHash.of([replayed])
        }
        return hashes
    }

    /// What the manifest says before the first step.
    public func manifest(startedAt: Date) throws -> RunManifest {
        var manifest = RunManifest(
            versions: WinnowVersion.all, device: recipe.compute.device.description, threads: Runtime.threadCount,
            processor: KernelFile.processorName(),
            precision: recipe.compute.precision, seed: UInt64(recipe.training.seed), modelHash: try loaded.hash.get(),
            dataHashes: dataHashes, recipeHash: recipe.hash, parameters: loaded.model.parameterCount,
            trainableParameters: trainer.trained.reduce(0) { $0 + $1.tensor.count }, startedAt: startedAt)
        manifest.inputHashes = try inputHashes()
        manifest.ranks = trainer.ranks.count > 1 ? trainer.ranks.count : nil
        return manifest
    }

    /// Makes sure that all ranks are about to train the same model on the same data in the same way, and has them meet on their devices.
    ///
    /// - Throws: `RankError.differs` on all, where one has something else than the first; what meeting throws.
    func agreeAmongRanks() throws {
        guard trainer.ranks.count > 1 else { return }
        var facts = ["recipe": sharedHash, "model": try loaded.hash.get()]
        for (split, hash) in dataHashes { facts["data of \(split)"] = hash }
        facts.merge(try inputHashes()) { $1 }
        try RankAgreement(facts).check(among: trainer.ranks)
        try trainer.ranks.meet(on: recipe.compute.device)
    }
}

/// Why a recipe can't be run here.
public enum RunError: Error, Equatable, CustomStringConvertible {
    case noDevice(String)
    case noKernels(device: String, problem: String)
    case noNCCL(device: String, ranks: Int)
    case deviceOfRank(String)
    case noDeviceOfRank(device: String, ranks: Int)
    case foreignVocabulary(corpus: String, size: Int, model: String, modelSize: Int)
    case noSeparator(model: String)
    case changedRecipe(directory: String)
    case noReference(recipe: String)
    case noSelections(run: String)
    case changedInput(directory: String, input: String)
    case nothingToVerify(directory: String)

    public var description: String {
        switch self {
        case .noDevice(let device):
            "compute.device is \(device), but this libtorch \(Runtime.version) sees no such device: write cpu, or set up a CUDA build"
        case .noDeviceOfRank(let device, let ranks):
            "this rank's device is \(device), and this machine shows fewer GPUs than its \(ranks) ranks: start as many ranks as it has GPUs, "
                + "each seeing all of them"
        case .noKernels(let device, let problem):
            "no kernels for \(device): \(problem); or write compute.arithmetic: operators, which is slower"
        case .noNCCL(let device, let ranks):
            "compute.device is \(device), and \(ranks) ranks on GPUs need NCCL, which this winnow was built without: build it beside the "
                + "packages nvidia-nccl and nvidia-cuda-cccl (scripts/libtorch.sh), write compute.device: cpu, or start one process"
        case .deviceOfRank(let device):
            "compute.device is \(device), and each of several ranks takes the GPU that LOCAL_RANK counts: write cuda"
        case .foreignVocabulary(let corpus, let size, let model, let modelSize):
            "\(corpus) was prepared with a vocabulary of \(size), and \(model) has \(modelSize): "
                + "prepare the text again with `winnow prepare --model` and this model"
        case .noSeparator(let model):
            "data.separators is true, but \(model)'s tokenizer has no end-of-text token"
        case .changedRecipe(let directory):
            "\(directory) holds a run of another recipe: write to another directory, or pass --overwrite"
        case .noReference(let recipe):
            "the recipe \(recipe) compares with no reference, so there is nothing to score: give it selection.policy, a score "
                + "that compares, and selection.reference"
        case .noSelections(let run):
            "\(run) holds no \(RunDirectory.selectionsName) to replay: run it with training.keepSelections: true"
        case .changedInput(let directory, let input):
            "\(input) is not what \(directory) was made with, by its SHA-256: put the former back, or make the run anew with "
                + "--overwrite, in a study by deleting that directory"
        case .nothingToVerify(let directory):
            "\(directory) has no step in its \(RunDirectory.metricsName), so there is nothing to verify"
        }
    }
}

extension Trainer.Options {
    init(_ recipe: Recipe) {
        self.init(stepCount: recipe.steps)
        let training = recipe.training
        accumulation = training.accumulation
        optimizer.learningRate = training.optimizer.learningRate
        optimizer.beta1 = training.optimizer.beta1
        optimizer.beta2 = training.optimizer.beta2
        optimizer.epsilon = training.optimizer.epsilon
        optimizer.weightDecay = training.optimizer.weightDecay
        schedule =
            switch training.schedule.kind {
            case .constant: .constant(warmup: training.schedule.warmupSteps)
            case .cosine:
                .cosine(warmup: training.schedule.warmupSteps, finalFraction: training.schedule.finalFraction)
            }
        clipNorm = training.clipNorm
        seed = UInt64(training.seed)
        scoresWithDropout = recipe.selection.scoreWithDropout
        meansPerMicroBatch = training.meanPerMicroBatch
        probeBlocks = training.probeBlocks
        selection = recipe.compute.selection
        graphs = recipe.compute.graphs
    }
}

extension TokenSelector {
    init(_ recipe: SelectionRecipe) throws {
        // A replay chooses in the selector's place.
        guard !recipe.isReplay else {
            self = .everything
            return
        }
        let policy = try SelectionPolicyRegistry.policy(named: recipe.policy)
        try self.init(
            score: TokenScoreRegistry.score(named: recipe.score), policy: policy,
            ratio: policy is AllTokensPolicy ? 1 : recipe.ratio, pool: recipe.pool, ties: recipe.ties)
    }
}
