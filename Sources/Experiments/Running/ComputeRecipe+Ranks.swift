import Foundation
import Torch

extension ComputeRecipe {
    /// The same on this rank's own GPU, where several ranks share a machine's: the one that `LOCAL_RANK` counts.
    ///
    /// - Throws: `RunError.deviceOfRank` where the recipe names another than the first, `.noDevice`, `.noDeviceOfRank`
    func placed(for ranks: ProcessGroup) throws -> ComputeRecipe {
        var own = self
        if ranks.count > 1, device != .cpu {
            guard device == .cuda(index: 0) else { throw RunError.deviceOfRank(device.description) }
            own.device = .cuda(index: ranks.localRank)
        }
        guard Runtime.has(own.device) else {
            let name = own.device.description
            throw ranks.count > 1 && Runtime.hasCUDA
                ? RunError.noDeviceOfRank(device: name, ranks: ranks.localCount) : RunError.noDevice(name)
        }
        return own
    }

    /// Whether ranks can sum gradients where they are.
    ///
    /// - Throws: `RunError.noNCCL`
    func checkNCCL(for ranks: ProcessGroup) throws {
        guard device == .cpu || ranks.count == 1 || ProcessGroup.hasNCCL else {
            throw RunError.noNCCL(device: device.description, ranks: ranks.count)
        }
    }

    func setThreads(for ranks: ProcessGroup) { Runtime.threadCount = threads > 0 ? threads : ranks.threadCount }
}

extension ProcessGroup {
    /// This rank's share of the machine's processors.
    package var threadCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount / localCount) }
}
