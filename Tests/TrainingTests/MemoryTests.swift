import Foundation
import ModelFixtures
import Models
import Testing
import TokenSelection
import Torch
import Training

#if compiler(>=6.2)
    @Suite struct MemoryTests {
        /// A hundred steps leave the tensor handles where they were and the resident memory flat.
        ///
        /// Handles and memory belong to the process, which other tests share, so this one gets a process of its own.
        @Test func aHundredStepsLeaveNothingBehind() async {
            await #expect(processExitsWith: .success) {
                Runtime.threadCount = 1
                let model = try LlamaModel.tiny(.tiny(vocabularySize: 2000))
                var options = Trainer.Options(stepCount: 400)
                options.accumulation = 2
                let trainer = try Trainer(
                    model: model, adapter: .random(for: model, dropout: 0.1),
                    sampler: TokenBlocks(count: 16, blockLength: 24, vocabularySize: 2000).sampler(batchSize: 2),
                    selector: TokenSelector(score: ExcessLossScore(), policy: TopKPolicy(), ratio: 0.5, pool: .batch),
                    reference: LiveReference(model), options: options)
                // Caches fill up first: malloc's, and oneDNN's of the products it has met, whose shapes selection varies: how many rows the
                // last layer goes back along. Over 800 steps, resident MB by the hundred: 195, 207, 213, 213, 216, 216, 216, 216.
                for _ in 0..<300 { _ = try trainer.advance() }
                let (handles, memory) = (Tensor.liveCount, try residentBytes())
                for _ in 0..<100 { _ = try trainer.advance() }
                let (handlesAfter, memoryAfter) = (Tensor.liveCount, try residentBytes())
                // One [46, 2000] matrix of logits is 0.37 MB; if it stayed a hundred times, that would be 37 MB.
                guard handlesAfter == handles, memoryAfter - memory < 8 << 20 else {
                    fatalError("\(handles) handles became \(handlesAfter), \(memory) bytes became \(memoryAfter)")
                }
            }
        }
    }

    /// The process' resident memory.
    private func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return Int(fields[1])! * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
#endif
