import Foundation

/// What becomes of a process that touches a page of a mapped file which is no longer there: the file was shortened by somebody, or
/// its disk fails. The system raises SIGBUS; a process that has called ``explain()`` then says which file it was, and exits with 1.
///
/// No error is thrown, since the fault comes in the midst of whoever reads the bytes. What was on the disk stays there.
package enum UnreadableMapping {
    private struct Watched {
        var start: UInt
        /// 0 where the place is free. Written last, and first taken back: the handler reads without the lock.
        var count: UInt
        var path: UnsafeMutablePointer<CChar>?
    }

    /// Mappings beyond this number are not named.
    private static let capacity = 1024
    private static let lock = NSLock()
    // Written under the lock, and read by a signal handler, which may neither lock nor allocate.
    private nonisolated(unsafe) static let table = {
        let table = UnsafeMutablePointer<Watched>.allocate(capacity: Self.capacity)
        table.initialize(repeating: Watched(start: 0, count: 0, path: nil), count: Self.capacity)
        return table
    }()
    private nonisolated(unsafe) static let former = UnsafeMutablePointer<sigaction>.allocate(capacity: 1)

    static func watch(_ bytes: UnsafeRawBufferPointer, of path: String) {
        lock.withLock {
            guard let place = (0..<capacity).first(where: { table[$0].count == 0 }) else { return }
            table[place].start = UInt(bitPattern: bytes.baseAddress)
            table[place].path = strdup(path)
            table[place].count = UInt(bytes.count)
        }
    }

    static func forget(_ bytes: UnsafeRawBufferPointer) {
        let start = UInt(bitPattern: bytes.baseAddress)
        lock.withLock {
            guard let place = (0..<capacity).first(where: { table[$0].count != 0 && table[$0].start == start }) else { return }
            table[place].count = 0
            free(table[place].path)
            table[place].path = nil
        }
    }

    /// From now on the process says what it was, where it would end by SIGBUS without a word.
    package static func explain() {
        // Made here, since the handler may not.
        _ = (table, former)
        var action = sigaction()
        let handler: @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void = {
            signal, information, _ in UnreadableMapping.handle(signal, information)
        }
        #if canImport(Glibc)
            action.__sigaction_handler.sa_sigaction = handler
        #else
            action.__sigaction_u.__sa_sigaction = handler
        #endif
        action.sa_flags = SA_SIGINFO
        sigaction(SIGBUS, &action, former)
    }

    private static func handle(_ signal: Int32, _ information: UnsafeMutablePointer<siginfo_t>?) {
        #if canImport(Glibc)
            let place = UInt(bitPattern: information?.pointee._sifields._sigfault.si_addr)
        #else
            let place = UInt(bitPattern: information?.pointee.si_addr)
        #endif
        for index in 0..<capacity {
            let watched = table[index]
            guard watched.count != 0, place >= watched.start, place - watched.start < watched.count, let path = watched.path
            else { continue }
            say("Error: ")
            write(STDERR_FILENO, path, strlen(path))
            say(": can no longer be read: it was shortened while it was in use, or its disk fails. Put it back and start again; ")
            say("a run goes on from its last checkpoint with --resume.\n")
            _exit(1)
        }
        // Not ours: it comes again on return, to whoever handled it before.
        sigaction(signal, former, nil)
    }

    private static func say(_ text: StaticString) { write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }
}
