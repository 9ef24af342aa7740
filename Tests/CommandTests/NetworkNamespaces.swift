import Foundation
import ModelFixtures

/// Two network namespaces with a cable between them, which end with the shell that made them.
enum NetworkNamespaces {
    static let areAllowed: Bool = {
        guard geteuid() == 0, let folder = try? TemporaryFolder() else { return false }
        return (try? run(first: "true", second: "true", in: folder).exitCode) == 0
    }()

    /// Runs a command as rank 0 in one and as rank 1 in the other.
    static func run(first: String, second: String, in folder: TemporaryFolder) throws -> (exitCode: Int32, output: String) {
        let script = folder.file("namespaces.sh")
        try """
        set -e
        mount -t tmpfs none /run
        ip netns add first
        ip netns add second
        ip link add one netns first type veth peer name two netns second
        ip -n first address add 10.77.0.1/24 dev one
        ip -n second address add 10.77.0.2/24 dev two
        for link in "first one" "second two" "first lo" "second lo"; do
            set -- $link
            ip -n $1 link set $2 up
        done
        export WORLD_SIZE=2 MASTER_ADDR=10.77.0.1 MASTER_PORT=29500
        RANK=1 GLOO_SOCKET_IFNAME=two ip netns exec second \(second) &
        RANK=0 GLOO_SOCKET_IFNAME=one ip netns exec first \(first)
        wait $!
        """.write(to: script, atomically: true, encoding: .utf8)
        return try MountNamespace.run("exec unshare --net bash \(script.path)")
    }
}
