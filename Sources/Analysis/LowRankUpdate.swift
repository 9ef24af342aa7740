/// What a LoRA adapter adds to a model: ΔW = scale · B·A on each of its modules.
public struct LowRankUpdate: Sendable, Equatable {
    /// The factors on one module.
    public struct Factors: Sendable, Equatable {
        /// `[rank, inputSize]`, row-major.
        public var a: [Float]
        /// `[outputSize, rank]`, row-major.
        public var b: [Float]
        public var rank: Int
        public var inputSize: Int
        public var outputSize: Int
        /// α/r.
        public var scale: Double

        public init(a: [Float], b: [Float], rank: Int, inputSize: Int, outputSize: Int, scale: Double) {
            (self.a, self.b, self.rank, self.inputSize) = (a, b, rank, inputSize)
            (self.outputSize, self.scale) = (outputSize, scale)
        }

        /// `[outputSize, inputSize]` of ΔW.
        var shape: [Int] { [outputSize, inputSize] }
    }

    /// What errors and tables call it.
    public var name: String
    public var modules: [String: Factors]

    /// - Throws: `AnalysisError.wrongFactorCount` where a factor doesn't hold what its shape says.
    public init(name: String, modules: [String: Factors]) throws {
        for (module, factors) in modules {
            let expected = [factors.rank * factors.inputSize, factors.outputSize * factors.rank]
            guard [factors.a.count, factors.b.count] == expected else {
                throw AnalysisError.wrongFactorCount(
                    module: module, found: [factors.a.count, factors.b.count], expected: expected)
            }
        }
        (self.name, self.modules) = (name, modules)
    }
}

extension LowRankUpdate {
    /// Checks that two updates are on the same modules with the same shapes.
    func checkModules(agreeWith other: LowRankUpdate) throws {
        for (here, there) in [(self, other), (other, self)] {
            if let missing = here.modules.keys.sorted().first(where: { there.modules[$0] == nil }) {
                throw AnalysisError.missingModule(missing, in: there.name)
            }
        }
        for module in modules.keys.sorted() {
            let (here, there) = (modules[module]!.shape, other.modules[module]!.shape)
            guard here == there else {
                throw AnalysisError.differentModuleShapes(module: module, first: here, second: there)
            }
        }
    }
}
