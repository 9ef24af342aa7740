extension RankEnvironment {
    /// What another launcher than torchrun says of a process, under torchrun's names.
    ///
    /// | | Open MPI's `mpirun` | `srun` |
    /// |---|---|---|
    /// | `WORLD_SIZE` | `OMPI_COMM_WORLD_SIZE` | `SLURM_STEP_NUM_TASKS` |
    /// | `RANK` | `OMPI_COMM_WORLD_RANK` | `SLURM_PROCID` |
    /// | `LOCAL_WORLD_SIZE` | `OMPI_COMM_WORLD_LOCAL_SIZE` | `SLURM_STEP_TASKS_PER_NODE` at `SLURM_NODEID` |
    /// | `LOCAL_RANK` | `OMPI_COMM_WORLD_LOCAL_RANK` | `SLURM_LOCALID` |
    ///
    /// It counts where torchrun's names are missing and `MASTER_ADDR` is there, without which ranks can't meet: neither launcher sets
    /// it, and several processes that have nothing to do with each other are started with both. A batch script of Slurm is no step of
    /// it, though `SLURM_NTASKS` and `SLURM_PROCID` stand in its environment too.
    static func translated(_ environment: [String: String]) -> [String: String] {
        guard environment["WORLD_SIZE"] == nil, environment["RANK"] == nil, environment["MASTER_ADDR"] != nil else {
            return environment
        }
        var names: [String: String?]
        if environment["OMPI_COMM_WORLD_SIZE"] != nil {
            let prefix = "OMPI_COMM_WORLD_"
            names = ["WORLD_SIZE": "SIZE", "RANK": "RANK", "LOCAL_WORLD_SIZE": "LOCAL_SIZE", "LOCAL_RANK": "LOCAL_RANK"]
                .mapValues { environment[prefix + $0] }
        } else if let size = environment["SLURM_STEP_NUM_TASKS"] {
            names = ["WORLD_SIZE": size, "RANK": environment["SLURM_PROCID"]]
            if let here = tasksPerNode(environment["SLURM_STEP_TASKS_PER_NODE"], node: environment["SLURM_NODEID"]) {
                names["LOCAL_WORLD_SIZE"] = here
                names["LOCAL_RANK"] = environment["SLURM_LOCALID"]
            }
        } else {
            return environment
        }
        return environment.merging(names.compactMapValues { $0 }) { $1 }
    }

    /// Slurm's `4(x3),2`: four on each of three nodes, and two on the last.
    private static func tasksPerNode(_ text: String?, node: String?) -> String? {
        guard let text, var node = node.flatMap(Int.init), node >= 0 else { return nil }
        for part in text.split(separator: ",") {
            let pieces = part.split(separator: "(")
            let times = pieces.count > 1 ? Int(pieces[1].dropFirst().dropLast()) ?? 0 : 1
            if node < times { return String(pieces[0]) }
            node -= times
        }
        return nil
    }
}
