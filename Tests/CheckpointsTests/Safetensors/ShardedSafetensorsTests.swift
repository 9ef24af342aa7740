import Checkpoints
import Foundation
import Testing

struct ShardedSafetensorsTests {
    let folder = try! TemporaryFolder()
    var index: URL { folder("model.safetensors.index.json") }

    private func shard(_ name: String, _ tensor: String, _ values: [Float]) throws {
        try SafetensorsWriter.write(
            [(TensorDescription(name: tensor, elementType: .float32, shape: [values.count]), .floats(values))], to: folder(name))
    }

    private func list(_ map: [String: String]) throws {
        try JSONEncoder().encode(["weight_map": map]).write(to: index)
    }

    @Test func readsAcrossShards() throws {
        try shard("one", "a", [1, 2])
        try shard("two", "b", [3])
        try list(["a": "one", "b": "two"])
        let source = try ShardedSafetensors(index: index)
        #expect(source.tensors.map(\.name) == ["a", "b"])
        #expect(source.shards.map(\.lastPathComponent) == ["one", "two"])
        #expect(try source.floats("a") == [1, 2])
        #expect(try source.floats("b") == [3])
        #expect(source.description(of: "b")?.shape == [1])
        #expect(try failure { _ = try source.floats("c") } == "\(index.path): holds no tensor named 'c'")
    }

    @Test func namesEveryMissingShard() throws {
        try shard("one", "a", [1])
        try list(["a": "one", "b": "two", "c": "three"])
        #expect(
            try failure { _ = try ShardedSafetensors(index: index) }
                == "\(index.path): names shards that are not beside it: three, two; fetch the missing files")
    }

    @Test(arguments: ["../secret", "/etc/passwd", "sub/one", "..", "", "../\u{301}x"])
    func staysInItsFolder(name: String) throws {
        try list(["a": name])
        #expect(
            try failure { _ = try ShardedSafetensors(index: index) }?
                .hasPrefix("\(index.path): names the shard '\(name)', which is not a file of this folder") == true)
    }

    @Test func refusesAnIndexThatItsShardsContradict() throws {
        try shard("one", "a", [1])
        try shard("two", "b", [2])
        try list(["a": "two", "b": "one"])
        #expect(
            try failure { _ = try ShardedSafetensors(index: index) }?
                .hasPrefix("\(index.path): puts tensor 'a' into two, which does not hold it") == true)
        try shard("two", "a", [2])
        #expect(
            try failure { _ = try ShardedSafetensors(index: index) }?
                .hasPrefix("\(index.path): finds tensor 'a' in two shards, one and two") == true)
    }
}
