import Checkpoints
import Foundation

/// A folder that `winnow prepare` made: token shards for training and validation, the names of their documents, a manifest.
public struct PreparedCorpus: Sendable {
    public let url: URL
    public let manifest: CorpusManifest
    public let train: TokenShards
    /// `nil` where no document was held out.
    public let validation: TokenShards?

    /// Opens the folder and checks that its shards are the ones that the manifest describes.
    public init(_ url: URL) throws {
        self.url = url
        manifest = try Self.manifest(in: url)
        train = try Self.open(manifest.train, of: manifest, in: url)
        validation = try manifest.validation.map { [manifest] in try Self.open($0, of: manifest, in: url) }
    }

    /// The validation split, where the caller cannot do without.
    public func requireValidation() throws -> TokenShards {
        guard let validation else { throw CorpusError.noValidationSplit(path: url.path) }
        return validation
    }

    /// - Throws: `CorpusError.differentTokenizer` where `encoder` is not what the corpus was tokenised with.
    public func check(madeWith encoder: some TextEncoder) throws {
        guard encoder.fingerprint().hexadecimal == manifest.tokenizerHash else {
            throw CorpusError.differentTokenizer(path: url.path)
        }
    }

    /// The names of a split's documents, by `TokenBatch.documentIDs`.
    public func documentNames(of split: CorpusManifest.Split) throws -> [String] {
        let file = url.appendingPathComponent(split.documentFile)
        do {
            let lines = try MappedFile(file).withBytes { Data($0) }.split(separator: UInt8(ascii: "\n"))
            let decoder = JSONDecoder()
            let names = try lines.map { try decoder.decode(String.self, from: $0) }
            guard names.count == split.documents else {
                throw CorpusError.damagedManifest(path: file.path, reason: "\(names.count) names of \(split.documents) documents")
            }
            return names
        } catch let error as CorpusError {
            throw error
        } catch {
            throw CorpusError.damagedManifest(path: file.path, reason: "\(error)")
        }
    }

    static func manifest(in folder: URL) throws -> CorpusManifest {
        let file = folder.appendingPathComponent(CorpusManifest.fileName)
        guard let data = try? MappedFile(file).withBytes({ Data($0) }) else {
            throw CorpusError.damagedManifest(path: folder.path, reason: "it has no \(CorpusManifest.fileName)")
        }
        let manifest: CorpusManifest
        do {
            manifest = try JSONDecoder().decode(CorpusManifest.self, from: data)
        } catch {
            throw CorpusError.damagedManifest(path: file.path, reason: "\(error)")
        }
        guard manifest.version == 1 || manifest.version == 2 else {
            throw CorpusError.damagedManifest(
                path: file.path, reason: "its version is \(manifest.version), this Winnow reads 1 and 2")
        }
        return manifest
    }

    private static func open(_ split: CorpusManifest.Split, of manifest: CorpusManifest, in folder: URL) throws -> TokenShards {
        let files = split.shards?.map(\.tokenFile) ?? [split.tokenFile]
        guard !files.isEmpty else { throw CorpusError.damagedManifest(path: folder.path, reason: "a split of no file") }
        for name in files + [split.tokenFile, split.documentFile]
        where name.utf8.contains(where: { [0, UInt8(ascii: "/")].contains($0) }) || ["", ".", ".."].contains(name) {
            throw CorpusError.damagedManifest(path: folder.path, reason: "'\(name)' is not a file of the folder")
        }
        let urls = files.map(folder.appendingPathComponent)
        let opened = try urls.count == 1 ? TokenShards(TokenShard(urls[0])) : TokenShards(urls)
        for (shard, described) in zip(opened.shards, split.shards ?? []) where shard.contentHash != described.contentHash {
            throw CorpusError.damagedShard(
                path: shard.url.path, reason: "not the shard that \(CorpusManifest.fileName) describes")
        }
        guard opened.contentHash == split.contentHash, opened.tokenizerHash == manifest.tokenizerHash,
            opened.vocabularySize == manifest.vocabularySize
        else {
            throw CorpusError.damagedShard(
                path: opened.url.path, reason: "not the shard that \(CorpusManifest.fileName) describes")
        }
        return opened
    }
}
