import Checkpoints
import PeerProcess

/// What `body` says as it fails; `nil` where it succeeds. Errors of other kinds pass through.
func failure(_ body: () throws -> Void) throws -> String? {
    do {
        try body()
        return nil
    } catch let error as CheckpointError {
        return error.description
    }
}

/// The script of the folder `Oracles`.
func oracle(_ name: String) -> String { PeerProcess.oracle(name) }
