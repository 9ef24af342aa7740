import Foundation
import Torch

extension ComputeRecipe {
    /// - Throws: `RunError.ranksNeedNCCL`
    func check(for ranks: ProcessGroup) throws {
        if device != .cpu, ranks.count > 1 {
            throw RunError.ranksNeedNCCL(device: device.description, ranks: ranks.count)
        }
    }

    func setThreads(for ranks: ProcessGroup) { Runtime.threadCount = threads > 0 ? threads : ranks.threadCount }
}

extension ProcessGroup {
    /// This rank's share of the machine's processors.
    package var threadCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount / localCount) }
}
