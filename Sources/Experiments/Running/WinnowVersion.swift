import Torch

/// What a manifest says of the software.
public enum WinnowVersion {
    public static let current = "0.1.0"

    public static var all: [String: String] { ["winnow": current, "libtorch": Runtime.version] }
}
