/// Why the layers of a pass run operator by operator, and not as one piece each.
public enum PlainReason: String, Sendable, Codable, CustomStringConvertible {
    case asked, cache, singlePosition, trainedBase, roundedNorms

    public var description: String {
        switch self {
        case .asked: "as compute.arithmetic: plain asks"
        case .cache: "a generation's cache grows between them"
        case .singlePosition: "there is one position"
        case .trainedBase: "the base's own weights are trained"
        case .roundedNorms: "norms by 1 + weight would be rounded to bfloat16"
        }
    }
}
