import Foundation
import FuzzedReaders

/// Feeds libFuzzer's inputs to one reader: `WinnowFuzz READER [libFuzzer's options and corpora]`.
///
/// A reader may refuse an input by throwing; anything else that is not a value is a fault. Traps, accesses past the end,
/// allocations past a limit and slow inputs are libFuzzer's and AddressSanitizer's to report.
@main
enum WinnowFuzz {
    static func main() {
        guard CommandLine.arguments.count > 1, let reader = Reader(rawValue: CommandLine.arguments[1]) else {
            FileHandle.standardError.write(
                Data("usage: WinnowFuzz READER […]; a READER is one of \(Reader.allCases.map(\.rawValue))\n".utf8))
            exit(64)
        }
        selected = reader
        let arguments = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)
        var count = CInt(arguments.count)
        var pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = .allocate(capacity: arguments.count + 1)
        for (index, argument) in arguments.enumerated() { pointers?[index] = strdup(argument) }
        pointers?[arguments.count] = nil
        exit(runLibFuzzer(&count, &pointers, oneInput))
    }

    /// Set once, before libFuzzer's loop, which has one thread.
    nonisolated(unsafe) static var selected = Reader.safetensors
    static let folder = ScratchFolder()
}

private func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    do { try WinnowFuzz.selected.read(input, in: WinnowFuzz.folder) } catch { _ = "\(error)" }
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runLibFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ oneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
