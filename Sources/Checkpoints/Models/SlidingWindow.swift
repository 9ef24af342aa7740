/// Attention that sees a number of tokens and no further (Beltagy et al. 2020, arXiv:2004.05150).
public struct SlidingWindow: Sendable, Hashable {
    /// How many tokens a token sees, itself included.
    public var length: Int
    /// The layers that look no further; the others see everything before a token.
    public var layers: Range<Int>

    public init(length: Int, layers: Range<Int>) { (self.length, self.layers) = (length, layers) }

    /// The window of a layer, `nil` where it sees everything.
    public func length(inLayer layer: Int) -> Int? { layers.contains(layer) ? length : nil }

    // What `layer_types` calls a layer without, and one with a window.
    static let seesAll = "full_attention"
    static let seesWindow = "sliding_attention"
}

// Qwen's keys: `use_sliding_window`, `sliding_window`, and the first layer with a window as `max_window_layers` or by `layer_types`.
extension SlidingWindow {
    /// `nil` where no layer has a window.
    ///
    /// - Throws: `CheckpointError.unsupportedSetting` where the layers with a window are not the uppermost.
    init?(ofUpperLayers config: ConfigurationReader, layerCount: Int) throws {
        let isUsed = try config.value(.usesSlidingWindow) ?? false
        let length = isUsed ? try config.value(.slidingWindow, missing: 4096) : nil
        var first = length == nil ? layerCount : try config.value(.firstWindowedLayer, missing: 28) ?? layerCount
        if let types = try config.value(.layerTypes, as: [String].self) {
            first = types.firstIndex { $0 != Self.seesAll } ?? types.count
            let isUpper = types[first...].allSatisfy { $0 == Self.seesWindow }
            guard isUpper, types.count == layerCount, length != nil || first == layerCount else {
                throw config.refusal(
                    .layerTypes, types.prefix(4).joined(separator: ", ") + (types.count > 4 ? ", …" : ""),
                    supported: "one for each layer: \(Self.seesAll), then, with use_sliding_window, \(Self.seesWindow)")
            }
        }
        guard let length, layerCount > 0, first < layerCount else { return nil }
        self.init(length: length, layers: max(0, first)..<layerCount)
    }

    static func encodeUpperLayers(
        of configuration: ModelConfiguration, into container: inout KeyedEncodingContainer<ModelConfiguration.CodingKeys>
    ) throws {
        let (window, layerCount) = (configuration.pieces.window, configuration.layerCount)
        try container.encode(window != nil, forKey: .usesSlidingWindow)
        try container.encode(window?.length, forKey: .slidingWindow)
        try container.encode(window?.layers.lowerBound ?? layerCount, forKey: .firstWindowedLayer)
        try container.encode(
            (0..<layerCount).map { window?.length(inLayer: $0) == nil ? seesAll : seesWindow }, forKey: .layerTypes)
    }
}
