#if os(Linux)
    import Foundation
    import Testing
    import Torch

    /// NVRTC compiles without a GPU; where the wheel was not fetched, these tests fail and say so.
    @Suite struct RuntimeCompilerTests {
        @Test(arguments: ["sm_80", "sm_86", "sm_89", "sm_90"]) func everyKernelCompiles(architecture: String) throws {
            let image = try RuntimeCompiler.compile(CUDARowKernels.source, name: "RowKernels", for: architecture)
            #expect(image.starts(with: [0x7f, 0x45, 0x4c, 0x46]), "a cubin is an ELF file")
            #expect(CUDARowKernels.names.count == 32)
            for name in CUDARowKernels.names {
                #expect(image.range(of: Data(".text.\(name)\0".utf8)) != nil, "\(name) is missing")
            }
        }

        /// The compiler's log reaches whoever broke a kernel.
        @Test func aBrokenKernelDoesNot() throws {
            let broken = CUDARowKernels.source.replacingOccurrences(of: "expf(", with: "expff(")
            let error = #expect(throws: TorchError.self) {
                try RuntimeCompiler.compile(broken, name: "RowKernels", for: "sm_80")
            }
            #expect(error?.message.contains("\"expff\" is undefined") == true, "\(String(describing: error))")
            #expect(throws: TorchError.self) {
                try RuntimeCompiler.compile(CUDARowKernels.source, name: "RowKernels", for: "sm_1")
            }
        }

        @Test func compiledKernelsAreKept() throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kernels-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let kept = CompiledKernels(folder: folder)
            let source = "extern \"C\" __global__ void nothing() {}"
            func image(_ source: String, _ architecture: String = "sm_80") throws -> Data {
                try kept.image(of: source, named: "test", for: architecture, compiler: RuntimeCompiler.version())
            }
            func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
            let first = try image(source)
            let file = folder.appendingPathComponent(try #require(try files().first))

            // Read, not compiled: the file's own bytes come back.
            let marked = first + Data("mark".utf8)
            try marked.write(to: file)
            #expect(try image(source) == marked)
            // Damaged: compiled again.
            try Data("mark".utf8).write(to: file)
            #expect(try image(source) == first)

            _ = try image(source, "sm_90")
            _ = try image(source + "\n")
            #expect(try files().count == 3)
        }
    }
#endif
