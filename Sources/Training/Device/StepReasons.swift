import Models
import TokenSelection
import Torch

/// Where a step's tokens are selected.
public enum SelectionPlace: String, Sendable, CaseIterable {
    /// On the device where it is a GPU and can, else on the host.
    case auto
    case host
    /// Also on the CPU, where it gains nothing and gives the same.
    case device
}

/// Whether a step is recorded as CUDA graphs.
public enum GraphUse: String, Sendable, CaseIterable {
    /// Where they can be.
    case auto
    case off
    case on
    /// The work that would be recorded, on the memory that it would use, done as it is each time: what graphs are held against.
    case rehearsed
}

/// Why a step's tokens are selected on the host.
public enum HostSelectionReason: Sendable, Equatable, CustomStringConvertible {
    case asked, onCPU, ranks, replay
    case selector(DeviceSelection.Obstacle)

    public var description: String {
        switch self {
        case .asked: "as compute.selection: host asks"
        case .onCPU: "the CPU is the host"
        case .ranks: "tokens of several ranks are ranked by their hosts"
        case .replay: "a replay ranks nothing"
        case .selector(let obstacle): "\(obstacle)"
        }
    }
}

/// Why a step isn't recorded as CUDA graphs.
public enum NoGraphReason: Sendable, Equatable, CustomStringConvertible {
    case asked, rehearsed, onCPU, notBuilt, wholeModel, competesAcross
    case hostSelection(HostSelectionReason)
    case plainLayers(PlainReason)
    case dropout

    public var description: String {
        switch self {
        case .asked: "as compute.graphs: off asks"
        case .rehearsed: "as compute.graphs: rehearsed asks"
        case .onCPU: "a CPU has none"
        case .notBuilt:
            "this program was built without NVIDIA's headers (the package nvidia-cuda-crt, beside those that torch brings along)"
        case .wholeModel: "the model's own weights are trained"
        case .competesAcross: "tokens compete across micro-batches, so that losses decide how many of each are trained on"
        case .hostSelection(let reason): "tokens are selected on the host: \(reason)"
        case .plainLayers(let reason): "layers run operator by operator: \(reason)"
        case .dropout: "operators drop out by a mask that is drawn on the host"
        }
    }
}

extension SelectedLossStep {
    /// Why its tokens have to be selected on the host, whatever the device; `nil` where they needn't.
    var reasonForHostSelection: HostSelectionReason? {
        if ranks.count > 1 { return .ranks }
        if replay != nil { return .replay }
        return DeviceSelection.obstacle(to: selector).map { .selector($0) }
    }

    /// Why its work on a window of so many micro-batches can't be repeated on fixed memory; `nil` where it can.
    func reasonAgainstRepeating(_ windowCount: Int) -> NoGraphReason? {
        if adapter == nil { return .wholeModel }
        if let reason = model.reasonForPlainLayers { return .plainLayers(reason) }
        if competesAcross(windowCount) { return .competesAcross }
        // The kernels read a key where it lies; operators' masks come from the host.
        let (device, drops) = (model.headWeight.device, (adapter?.options.dropout ?? 0) > 0)
        let hasKernels = Runtime.arithmetic == .kernels && Runtime.kernelProblem(on: device) == nil
        return drops && device != .cpu && !hasKernels ? .dropout : nil
    }
}
