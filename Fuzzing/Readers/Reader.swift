import Checkpoints
import Foundation

/// A reader of files that may come from a stranger, as fuzzing calls it.
package struct Reader: Sendable {
    /// Its corpus folder's, too.
    package let name: String
    /// Bytes of the longest input that is worth trying.
    package let longest: Int
    private let body: @Sendable (UnsafeBufferPointer<UInt8>, ScratchFolder) throws -> Void

    package init(
        _ name: String, longest: Int, _ body: @escaping @Sendable (UnsafeBufferPointer<UInt8>, ScratchFolder) throws -> Void
    ) {
        (self.name, self.longest, self.body) = (name, longest, body)
    }

    /// Reads `input` as a user's command would, down to the values. It may throw; anything else that is no value is a fault.
    package func read(_ input: UnsafeBufferPointer<UInt8>, in folder: ScratchFolder) throws { try body(input, folder) }

    /// Of files as they are; `reports` and `recipes` need larger rooms.
    package static let files = weights + texts + records
}

/// An input's parts, which lines of `====` divide.
enum Parts {
    /// `count` of them; a missing one is empty.
    static func of(_ input: UnsafeBufferPointer<UInt8>, count: Int) -> [Slice<UnsafeBufferPointer<UInt8>>] {
        var rest = input[...]
        return (1...count).map { number in
            let cut = number == count ? nil : place(in: rest)
            defer { rest = rest[min(rest.endIndex, cut.map { $0 + separator.count } ?? rest.endIndex)...] }
            return rest[..<(cut ?? rest.endIndex)]
        }
    }

    private static func place(in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        var start = bytes.startIndex
        while start + separator.count <= bytes.endIndex {
            if bytes[start] == separator[0], bytes[start..<start + separator.count].elementsEqual(separator) { return start }
            start += 1
        }
        return nil
    }

    private static let separator = Array("\n====\n".utf8)
}

extension MappedFile {
    /// In memory of just their size, so that AddressSanitizer sees a read past the end.
    convenience init(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
        self.init(copying: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes)), path: "input")
    }
}

extension URL {
    /// What an input is called that is no file.
    static let input = URL(fileURLWithPath: "/input")
}
