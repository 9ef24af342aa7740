/// Llama 3.1's stretching of the rotary frequencies to longer texts: `rope_type` `llama3`.
///
/// Wavelengths longer than `originalMaximumPositionCount / lowFrequencyFactor` are divided by `factor` in frequency, those
/// shorter than `originalMaximumPositionCount / highFrequencyFactor` stay, and those between are interpolated.
public struct RopeScaling: Sendable, Hashable {
    public var factor: Double
    public var lowFrequencyFactor: Double
    public var highFrequencyFactor: Double
    public var originalMaximumPositionCount: Int

    public init(
        factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalMaximumPositionCount: Int
    ) {
        self.factor = factor
        self.lowFrequencyFactor = lowFrequencyFactor
        self.highFrequencyFactor = highFrequencyFactor
        self.originalMaximumPositionCount = originalMaximumPositionCount
    }

    func validate(file: String) throws {
        var problems: [String] = []
        if !(factor.isFinite && factor >= 1) { problems.append("rope_scaling.factor is \(factor), below 1") }
        if !(lowFrequencyFactor > 0 && highFrequencyFactor.isFinite && highFrequencyFactor > lowFrequencyFactor) {
            problems.append(
                "rope_scaling.low_freq_factor (\(lowFrequencyFactor)) and high_freq_factor (\(highFrequencyFactor)) do not ascend from 0"
            )
        }
        if originalMaximumPositionCount < 1 {
            problems.append("rope_scaling.original_max_position_embeddings is \(originalMaximumPositionCount), below 1")
        }
        guard problems.isEmpty else { throw CheckpointError.invalid(file: file, problems: problems) }
    }
}

extension RopeScaling: Codable {
    enum CodingKeys: String, CodingKey {
        case type = "rope_type"
        case factor
        case lowFrequencyFactor = "low_freq_factor"
        case highFrequencyFactor = "high_freq_factor"
        case originalMaximumPositionCount = "original_max_position_embeddings"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        factor = try container.decode(Double.self, forKey: .factor)
        lowFrequencyFactor = try container.decode(Double.self, forKey: .lowFrequencyFactor)
        highFrequencyFactor = try container.decode(Double.self, forKey: .highFrequencyFactor)
        originalMaximumPositionCount = try container.decode(Int.self, forKey: .originalMaximumPositionCount)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("llama3", forKey: .type)
        try container.encode(factor, forKey: .factor)
        try container.encode(lowFrequencyFactor, forKey: .lowFrequencyFactor)
        try container.encode(highFrequencyFactor, forKey: .highFrequencyFactor)
        try container.encode(originalMaximumPositionCount, forKey: .originalMaximumPositionCount)
    }
}
