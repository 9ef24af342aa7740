import Foundation
import FuzzedReaders

/// Feeds libFuzzer's inputs to one reader: `WinnowFuzz READER [libFuzzer's options and corpora]`.
///
/// A reader may refuse an input by throwing; anything else that is not a value is a fault. Traps, accesses past the end and
/// allocations past a limit are libFuzzer's and AddressSanitizer's to report; inputs that take long, this one's: libFuzzer measures
/// wall time, and would report a busy machine.
package enum Harness {
    /// Seconds of processor time for one input, instrumented as it is.
    private static let longest = 1.0

    package static func main(_ readers: [Reader]) -> Never {
        let words = CommandLine.arguments
        guard words.count > 1, let reader = readers.first(where: { $0.name == words[1] }) else {
            say("usage: \(words[0]) READER […]; a READER is one of \(readers.map(\.name))")
            exit(64)
        }
        selected = reader
        let arguments = [words[0], "-max_len=\(reader.longest)"] + words.dropFirst(2)
        var count = CInt(arguments.count)
        var pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = .allocate(capacity: arguments.count + 1)
        for (index, argument) in arguments.enumerated() { pointers?[index] = strdup(argument) }
        pointers?[arguments.count] = nil
        atexit { Harness.folder.remove() }
        exit(runLibFuzzer(&count, &pointers, oneInput))
    }

    /// Set once, before libFuzzer's loop, which has one thread.
    private nonisolated(unsafe) static var selected: Reader!
    private static let folder = ScratchFolder()

    fileprivate static func read(_ input: UnsafeBufferPointer<UInt8>) {
        let start = processorSeconds
        do { try selected.read(input, in: folder) } catch { _ = "\(error)" }
        let took = processorSeconds - start
        guard took > longest else { return }
        say("\(selected.name) took \(took) s of processor time for \(input.count) bytes")
        abort()
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

private func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Harness.read(UnsafeBufferPointer(start: start, count: count))
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runLibFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ oneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
