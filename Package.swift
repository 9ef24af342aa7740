// swift-tools-version: 6.1
import Foundation
import PackageDescription

// libtorch comes from the `torch` wheel. The set-up (`make setup`) links the installed wheel at `.libtorch`;
// LIBTORCH names another one. pkg-config drops `-Wl,-rpath`, so these flags stand here, on CTorch alone.
let libtorch = Context.environment["LIBTORCH"] ?? Context.packageDirectory + "/.libtorch"

// A CUDA build refers to NVIDIA's libraries, which the linker doesn't find and which need not be on the machine that builds.
let hasCUDA = FileManager.default.fileExists(atPath: libtorch + "/lib/libtorch_cuda.so")
let linkingCUDA = hasCUDA ? ["-Xlinker", "--allow-shlib-undefined"] : []

// CUDA graphs are compiled against NVIDIA's headers: those of nvidia-cuda-runtime, which pip puts beside torch, and of nvidia-cuda-crt,
// which scripts/libtorch.sh puts there. Without them the program says that it has no graphs.
let cudaHeaders = Context.environment["WINNOW_CUDA_HEADERS"] ?? libtorch + "/../nvidia/cu13/include"
let hasGraphs =
    hasCUDA
    && ["cuda_runtime_api.h", "crt/host_defines.h"].allSatisfy {
        FileManager.default.fileExists(atPath: cudaHeaders + "/" + $0)
    }

// NCCL's sums among GPUs, against the headers of nvidia-nccl, which pip puts beside torch too, and of nvidia-cuda-cccl, which
// scripts/libtorch.sh puts there.
let ncclHeaders = libtorch + "/../nvidia/nccl/include"
let hasNCCL =
    hasGraphs
    && [ncclHeaders + "/nccl.h", cudaHeaders + "/nv/target"].allSatisfy { FileManager.default.fileExists(atPath: $0) }

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// What `Winnow` gives in one import. Who imports that also names these as needs, as every target names all that it imports: a
/// target is compiled anew when a need changes, and not when what lies behind an unchanged need does.
let rooms: [Target.Dependency] = [
    "Torch", "Checkpoints", "Tokenizers", "Corpora", "Models", "TokenSelection", "Training", "RunRecords", "Analysis",
    "Experiments", "Reporting",
]

/// A room of the house. Dependencies point downwards only; docs/Architecture.md draws them.
/// `embedding` lists files whose text goes into the code, so that an executable has them without the checkout.
func room(_ name: String, _ needs: Target.Dependency..., embedding files: [String] = []) -> Target {
    .target(name: name, dependencies: needs, resources: files.map { .embedInCode($0) })
}

/// The tests that mirror a room. `PeerProcess` runs the Python oracles, which lie beside them like the goldens.
func tests(of name: String, _ needs: Target.Dependency...) -> Target {
    let folder = Context.packageDirectory + "/Tests/" + name + "Tests/"
    return .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name), "PeerProcess"] + needs,
        exclude: ["Goldens", "Oracles"].filter { FileManager.default.fileExists(atPath: folder + $0) })
}

func systemLibrary(_ name: String) -> Target {
    .systemLibrary(name: name, path: "Sources/SystemLibraries/" + name)
}

let package = Package(
    name: "winnow",
    platforms: [.macOS(.v14)],
    products: [
        .executable(name: "winnow", targets: ["WinnowCommand"]),
        .library(name: "Torch", targets: ["Torch"]),
        .library(name: "Winnow", targets: ["Winnow"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // The engine.
        .target(
            name: "CTorch", exclude: ["Gloo/README.md"],
            cxxSettings: [
                .unsafeFlags(
                    [
                        "-I\(libtorch)/include", "-I\(libtorch)/include/torch/csrc/api/include", "-Wno-unused-parameter",
                        "-idirafter", "\(Context.packageDirectory)/Sources/CTorch/Gloo",
                    ] + (hasGraphs ? ["-DCTORCH_CUDA_GRAPHS", "-I\(cudaHeaders)"] : [])
                        + (hasNCCL ? ["-DCTORCH_NCCL", "-I\(ncclHeaders)"] : []))
            ],
            linkerSettings: [
                .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"] + linkingCUDA),
                .linkedLibrary("torch"), .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
            ] + (hasGraphs ? [.linkedLibrary("torch_cuda"), .linkedLibrary("c10_cuda")] : [])),
        room("Torch", "CTorch", embedding: ["CUDA/RowKernels.cu"]),

        // Files and text: no libtorch here.
        systemLibrary("CZlib"), systemLibrary("CZstd"),
        // The interface alone. scripts/libarrow.sh compiles the C++ beside it into a library that is opened at run time, where there
        // is one: SwiftPM remembers what it found in a manifest and would not see a library that is fetched later.
        .systemLibrary(name: "CArrow", path: "Sources/CArrow"),
        .systemLibrary(name: "CXML2", path: "Sources/SystemLibraries/CXML2", pkgConfig: "libxml-2.0"),
        room("Checkpoints"),
        room("Tokenizers", "Checkpoints"),
        room("Corpora", "Checkpoints", "Tokenizers", "CZlib", "CZstd", "CXML2", "CArrow", crypto, logging),

        // What a run leaves behind, and what is made of it: no libtorch here either.
        room("RunRecords", "Checkpoints"),
        room("Analysis", "RunRecords", "Checkpoints"),
        room("Reporting", "Analysis", "RunRecords"),

        // Training.
        room("Models", "Torch", "Checkpoints"),
        room("TokenSelection", "Torch"),
        room("Training", "Torch", "Checkpoints", "Models", "TokenSelection", "Corpora", "RunRecords", crypto, logging),
        room(
            "Experiments", "Torch", "Checkpoints", "Tokenizers", "Corpora", "Models", "TokenSelection", "Training", "RunRecords",
            "Analysis", "Reporting", yams, crypto, logging,
            embedding: ["adapt", "reproduce", "seed", "rho1", "rigorous", "self", "claims"].map { "../../Recipes/\($0).yaml" }),

        // The two doors.
        .target(name: "Winnow", dependencies: rooms),
        .executableTarget(name: "WinnowCommand", dependencies: rooms + ["Winnow", argumentParser, logging]),

        // Programs that show the library; built with the tests, not products.
        .executableTarget(name: "CustomPolicy", dependencies: rooms + ["Winnow"], path: "Examples/CustomPolicy"),

        // Tests.
        .target(name: "PeerProcess", path: "Tests/PeerProcess"),
        .target(
            name: "ModelFixtures",
            dependencies: ["PeerProcess", "CDiskLog", "CJumpingClock", "Torch", "Checkpoints", "Models", "Corpora"],
            path: "Tests/ModelFixtures", exclude: ["Oracles"]),
        // Ranks of a process group, in one process.
        .target(name: "RankFixtures", dependencies: ["Torch"], path: "Tests/RankFixtures"),
        // Stands in for the C library's `fsync` and `rename` in the test program, and writes down who called them.
        .target(name: "CDiskLog", path: "Tests/CDiskLog"),
        // Stands in for its clock, and sets it where a test asks.
        .target(name: "CJumpingClock", path: "Tests/CJumpingClock"),
        // The CUDA kernels as C++, for a machine without a GPU.
        .target(name: "CUDAEmulation", path: "Tests/CUDAEmulation"),
        tests(of: "Torch", "CUDAEmulation", "RankFixtures"),
        tests(of: "Checkpoints"),
        tests(of: "Tokenizers", "Checkpoints"),
        tests(of: "Corpora", "Checkpoints", "Tokenizers"),
        tests(of: "RunRecords", "Checkpoints"),
        tests(of: "Analysis", "Checkpoints", "RunRecords"),
        tests(of: "Reporting", "Analysis", "Checkpoints", "RunRecords"),
        tests(of: "Models", "Torch", "Checkpoints", "ModelFixtures"),
        tests(of: "TokenSelection", "Torch", "RankFixtures"),
        tests(
            of: "Training", "Torch", "Checkpoints", "Corpora", "Models", "TokenSelection", "RunRecords", "ModelFixtures",
            "RankFixtures"),
        tests(
            of: "Experiments", "Torch", "Checkpoints", "Tokenizers", "Corpora", "Models", "Training", "RunRecords",
            "ModelFixtures"),
        .testTarget(
            name: "CommandTests", dependencies: rooms + ["Winnow", "PeerProcess", "ModelFixtures", "RankFixtures"],
            exclude: ["Goldens"]),

        // The readers of files that may come from a stranger, as fuzzing and a test of its corpus call them.
        .target(
            name: "FuzzedReaders",
            dependencies: ["Checkpoints", "Tokenizers", "Corpora", "RunRecords", crypto], path: "Fuzzing/Readers"),
        .target(
            name: "FuzzedReports", dependencies: ["FuzzedReaders", "Checkpoints", "RunRecords", "Analysis", "Reporting"],
            path: "Fuzzing/Reports"),
        .target(name: "FuzzedRecipes", dependencies: ["FuzzedReaders", "Experiments"], path: "Fuzzing/Recipes"),
        .testTarget(name: "FuzzedReadersTests", dependencies: ["FuzzedReaders", "FuzzedReports", "FuzzedRecipes"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)

// The fuzzing harness calls libFuzzer, which only `-sanitize=fuzzer` links: scripts/fuzz.sh builds it, in a folder of its own. There are
// three programs, and what reads nothing is not instrumented, because libFuzzer looks through all of a program's counters after every
// execution. Recipes are compiled with libtorch, too.
if Context.environment["WINNOW_FUZZING"] != nil {
    let instrumented = [
        "Checkpoints", "Tokenizers", "Corpora", "RunRecords", "Analysis", "Reporting", "Experiments", "FuzzedReaders",
        "FuzzedReports", "FuzzedRecipes",
    ]
    // One option: Swift's driver keeps the last alone.
    let sanitizers = "-sanitize=fuzzer,address"
    for target in package.targets where instrumented.contains(target.name) {
        target.swiftSettings = [.unsafeFlags([sanitizers])]
    }
    func program(_ name: String, _ readers: Target.Dependency...) -> Target {
        .executableTarget(
            name: name, dependencies: ["FuzzedReaders", "FuzzingHarness"] + readers, path: "Fuzzing/Programs/" + name,
            linkerSettings: [.unsafeFlags([sanitizers, "-use-ld=lld"])])
    }
    let needed = ["CTorch", "Torch", "Models", "TokenSelection", "Training", "CZlib", "CZstd", "CXML2", "CArrow"]
    package.targets.removeAll { !(instrumented + needed).contains($0.name) }
    package.products = []
    package.targets += [
        .target(name: "FuzzingHarness", dependencies: ["FuzzedReaders"], path: "Fuzzing/Harness"),
        program("WinnowFuzz"), program("WinnowFuzzReports", "FuzzedReports"), program("WinnowFuzzRecipes", "FuzzedRecipes"),
    ]
}

// Without libtorch: for ThreadSanitizer, which would take what libtorch's threads do for races. scripts/sanitize.sh asks for it.
if Context.environment["WINNOW_WITHOUT_LIBTORCH"] != nil {
    let rooms = ["Checkpoints", "Tokenizers", "Corpora", "RunRecords", "Analysis", "Reporting"]
    let kept = Set(rooms + rooms.map { $0 + "Tests" } + ["PeerProcess", "CZlib", "CZstd", "CXML2", "CArrow"])
    package.targets.removeAll { !kept.contains($0.name) }
    package.products = []
}
